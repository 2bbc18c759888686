"""How much a layer stretches or shrinks a small change: its Jacobian's mean singular value."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from depthgauge.nets.activations import Activation


def mean_singular_values(
    activation: Activation,
    weights: Sequence[Float[Tensor, "replica _ _"]],
    kept: Sequence[Float[Tensor, "replica example _"]],
) -> Float[Tensor, "replica layer"]:
    """Return the mean singular value of da^l/da^{l-1} = diag(f'(z^l)) w^l, averaged over examples.

    For hidden layers fed by a hidden layer, l = 2..L-1; NaN for the first and for the output layer.
    `kept` is that of a Pass.
    Source: Glorot and Bengio, section 4.2.2.
    """
    found = weights[0].new_full((weights[0].shape[0], len(weights)), math.nan)
    for index in range(1, len(weights) - 1):
        for replica, (w, a) in enumerate(zip(weights[index], kept[index], strict=True)):
            means = [_mean_singular_value(activation, w, one) for one in a]
            found[replica, index] = torch.stack(means).mean()
    return found


def _mean_singular_value(
    activation: Activation, w: Float[Tensor, "n_out n_in"], a: Float[Tensor, " n_out"]
) -> Float[Tensor, ""]:
    slopes = activation.chain_(torch.ones_like(a), a)
    jacobian = slopes[:, None] * w
    if not jacobian.isfinite().all():
        return jacobian.new_tensor(math.nan)  # LAPACK refuses it
    return torch.linalg.svdvals(jacobian).mean()
