"""A cost of a user's own: (z, y) -> the cost of each example, differentiated by autograd.

z (..., classes) are the pre-activations of the output layer, y (..., classes) the labels one-hot.
A net's answer is the class of its largest z.
"""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from depthgauge.user_code.lookup import find

Value = Callable[[Tensor, Tensor], Tensor]


@cache
def user_cost(path: str) -> Value:
    """Import the cost at `path` and try it on two networks, four examples and three classes.

    Raises ConfigError, with file and line, for one that is not found, raises, returns another
    shape, type or value than a number for each example, or lets examples share numbers.
    """
    found = find("cost", path)

    def value(z: Tensor, y: Tensor) -> Tensor:
        with found.reported(f"for z of shape {tuple(z.shape)}", torch.OutOfMemoryError):
            return found.value(z, y)

    y = torch.eye(3)[[0, 1, 2, 0]]
    for dtype in (torch.float32, torch.float64):
        z = torch.linspace(-3, 3, 24, dtype=dtype).view(2, 4, 3).requires_grad_()
        costs = value(z, y.to(dtype))
        shape = tuple(costs.shape) if isinstance(costs, Tensor) else type(costs).__name__
        if shape != (2, 4) or costs.dtype != dtype:
            raise found.wrong(
                f"returns {shape} for z of shape (2, 4, 3); return a tensor of its type, a number"
                " for each example, as by .sum(-1)"
            )
        if not costs.requires_grad:
            raise found.wrong("cannot be differentiated by autograd; use torch's functions")
        (slope,) = torch.autograd.grad(costs.sum(), z)
        if not (costs.isfinite().all() and slope.isfinite().all()):
            raise found.wrong("returns a value or a derivative that is not finite; correct it")
        alone = value(z[1:, 2:3], y.to(dtype)[2:3])
        if not torch.allclose(alone, costs[1:, 2:3], rtol=1e-5, atol=1e-6):
            raise found.wrong("lets examples share numbers; a cost is of one example by itself")
    return value


def derivative(value: Value, z: Tensor, y: Tensor, out: Tensor) -> Tensor:
    """Write dC/dz of each example to `out`."""
    with torch.enable_grad():
        leaf = z.detach().requires_grad_()
        (slope,) = torch.autograd.grad(value(leaf, y).sum(), leaf)
    return out.copy_(slope)
