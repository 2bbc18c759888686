"""A normalization of a user's own: z (replica, example, unit) -> z normalized, of the same shape.

Gains and shifts come after it, as after the others, and it is the same in training and evaluation.
"""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from depthgauge.user_code.lookup import find


@cache
def user_normalization(path: str) -> Callable[[Tensor], Tensor]:
    """Import the normalization at `path` and try it on two networks.

    Raises ConfigError, with file and line, for one that is not found, raises, returns another
    shape, type or value, or lets networks share numbers.
    """
    found = find("remedy.normalization", path)

    def normalize(z: Tensor) -> Tensor:
        with found.reported(f"for z of shape {tuple(z.shape)}", torch.OutOfMemoryError):
            return found.value(z)

    z = torch.linspace(-2, 3, 40).sin().view(2, 4, 5).requires_grad_()
    result = normalize(z)
    if not isinstance(result, Tensor) or result.shape != z.shape or result.dtype != z.dtype:
        kind = tuple(result.shape) if isinstance(result, Tensor) else type(result).__name__
        raise found.wrong(
            f"returns {kind} for z of shape (2, 4, 5); return a tensor of its shape and type"
        )
    if not result.requires_grad or not result.isfinite().all():
        raise found.wrong("returns what is not finite, or what autograd cannot differentiate")
    if not torch.allclose(normalize(z[1:]), result[1:], rtol=1e-5, atol=1e-6):
        raise found.wrong("lets networks share numbers: the first axis is that of networks")
    return normalize
