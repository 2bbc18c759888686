"""How fast each layer learns: norms of the gradient, from the deltas of one backward pass."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from depthgauge.nets.buffers import padded

Deltas = Sequence[Float[Tensor, "replica example _"]]
"""delta^l = dC/dz^l of each example, layers 1..L."""


def mean_bias_gradients(deltas: Deltas) -> list[Float[Tensor, "replica _"]]:
    """Return the mean over examples of dC/db^l = delta^l (BP3), layers 1..L."""
    return [delta.mean(dim=1) for delta in deltas]


def stacked(vectors: Sequence[Float[Tensor, "*batch _"]]) -> Float[Tensor, "*batch layer unit"]:
    """Return the layers' vectors as one, as long as the widest; NaN beyond a layer's width."""
    widest = max(each.shape[-1] for each in vectors)
    pad = torch.nn.functional.pad
    return torch.stack(
        [pad(each, (0, widest - each.shape[-1]), value=float("nan")) for each in vectors], dim=-2
    )


def norms(vectors: Sequence[Float[Tensor, "replica _"]]) -> Float[Tensor, "replica layer"]:
    """Return the Euclidean norm of each layer's vector."""
    return torch.stack([_length(each) for each in vectors], dim=1)


def _length(vectors: Float[Tensor, "*batch unit"]) -> Float[Tensor, "*batch"]:
    """Their Euclidean norm, by way of float64: float32 loses the square of what is below 1e-23."""
    return torch.linalg.vector_norm(vectors.double(), dim=-1).to(vectors.dtype)


def layer_speeds(deltas: Deltas) -> Float[Tensor, "replica layer"]:
    """Return |mean over examples of dC/db^l|: the norm of the mean, not the mean of norms.

    Unit: cost per unit of bias. Source: Nielsen, ch. 5, "speed of learning".
    """
    return norms(mean_bias_gradients(deltas))


def delta_norms(deltas: Deltas) -> Float[Tensor, "replica layer"]:
    """Return the mean over examples of |delta^l|, in cost per unit of pre-activation."""
    means = [_length(delta).mean(dim=1) for delta in deltas]
    return torch.stack(means, dim=1)


def weight_gradient_norms(
    deltas: Deltas, inputs: Sequence[Float[Tensor, "replica example _"]]
) -> Float[Tensor, "replica layer"]:
    """Return the Frobenius norm of the mean over examples of dC/dw^l = delta^l (a^{l-1})^T (BP4).

    `inputs` are a^{l-1}, layers 1..L. Unit: cost per unit of weight.
    """
    pairs = zip(deltas, inputs, strict=True)
    return torch.stack([_mean_outer_norm(delta, a) for delta, a in pairs], dim=1)


def _mean_outer_norm(
    delta: Float[Tensor, "replica example unit"], a: Float[Tensor, "replica example feature"]
) -> Float[Tensor, " replica"]:
    """|sum_e delta_e a_e^T| / examples, by whichever product is smaller.

    |d^T a|^2 = sum((d d^T) * (a a^T)) needs no (unit, feature) matrix: cheaper for few examples.
    Its relative error, about 1e-7 to 1e-5 in float32, is far below any spread over seeds.
    """
    examples, units = delta.shape[1:]
    features = a.shape[2]
    delta, power = _scaled(delta)
    shared = a.stride(0) == 0  # the input layer: one product serves all replicas
    # The choice must not depend on how many replicas there are: it may change the last digit.
    if examples * (units + (0 if shared else features)) < units * features:
        gram = torch.matmul(a[0], a[0].mT) if shared else _product(a, a.mT)
        squares = (_product(delta, delta.mT) * gram).sum(dim=(1, 2))
        return torch.ldexp(squares.clamp_min_(0).sqrt_() / examples, power)
    return torch.ldexp(torch.linalg.matrix_norm(_product(delta.mT, a)) / examples, power)


def _scaled(
    delta: Float[Tensor, "replica example unit"],
) -> tuple[Float[Tensor, "replica example unit"], Int[Tensor, " replica"]]:
    """Return delta / 2^power with a largest entry between 1/2 and 1: no square of it is lost.

    Divided by a power of two, numbers keep all their digits.
    """
    _, power = torch.frexp(delta.abs().amax(dim=(1, 2)))
    return torch.ldexp(delta, -power.view(-1, 1, 1)), power


def _product(
    one: Float[Tensor, "replica m k"], other: Float[Tensor, "replica k n"]
) -> Float[Tensor, "replica m n"]:
    """A batched product whose rounding does not depend on the place in the block."""
    _, out = padded((one.shape[0], one.shape[1], other.shape[2]), one)
    return torch.bmm(one, other, out=out)
