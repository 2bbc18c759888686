"""How strong the signal is that comes back: spreads of delta and of dC/dw, example by example."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from depthgauge.probes.gradients import Deltas, Inputs
from depthgauge.probes.histograms import gradient_shares
from depthgauge.probes.replicas import by_replica


def weight_gradient_moments(deltas: Deltas, inputs: Inputs) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of all entries of dC/dw^l, (replica, layer) each.

    Over entries and examples, one example's gradient delta a^T at a time: the variance that
    equation 7 of Glorot and Bengio speaks of. Unit: cost per unit of weight. An entry is a
    product, so sums over vectors are enough: sum_ij d_i a_j = (sum d)(sum a), with squares alike.
    """
    mean, std = by_replica(_outer_moments, deltas, inputs).unbind(-1)
    return mean, std


def delta_histograms(deltas: Deltas) -> Float[Tensor, "replica layer bin"]:
    """Return the shares of all entries of delta^l in the gradient bins of probes/histograms.py."""
    return by_replica(gradient_shares, deltas)


def weight_gradient_histograms(
    deltas: Deltas, inputs: Inputs, examples: int
) -> Float[Tensor, "replica layer bin"]:
    """Return the shares of the entries of dC/dw^l of each of the first `examples` examples."""

    def shares(delta: Tensor, a: Tensor) -> Tensor:
        return gradient_shares(delta[:examples, :, None] * a[:examples, None, :])

    return by_replica(shares, deltas, inputs)


def summed(
    values: Sequence[Float[Tensor, "replica example _"]], size: int
) -> list[Float[Tensor, "replica batch _"]]:
    """Return the sums over mini-batches of `size` consecutive examples, layer by layer.

    Fig. 7 of Glorot and Bengio fits deltas summed over a mini-batch of 10.
    """
    return [
        torch.stack([one.unflatten(0, (-1, size)).sum(dim=1) for one in each]) for each in values
    ]


def batch_weight_gradient_histograms(
    deltas: Deltas, inputs: Inputs, size: int, batches: int
) -> Float[Tensor, "replica layer bin"]:
    """Return the shares of the entries of dC/dw^l, summed over a mini-batch of `size` examples.

    Of the first `batches` mini-batches. Source: Glorot and Bengio, Fig. 8.
    """

    def shares(delta: Tensor, a: Tensor) -> Tensor:
        d, x = (each[: size * batches].unflatten(0, (batches, size)) for each in (delta, a))
        return gradient_shares(torch.bmm(d.mT, x))

    return by_replica(shares, deltas, inputs)


def _outer_moments(
    delta: Float[Tensor, "example unit"], a: Float[Tensor, "example feature"]
) -> Float[Tensor, "2"]:
    """Return mean and standard deviation of the entries of delta a^T."""
    d, x = delta.double(), a.double()
    entries = d.shape[1] * x.shape[1]
    mean = (d.sum(1) * x.sum(1)).mean() / entries
    square = (d.square().sum(1) * x.square().sum(1)).mean() / entries
    return torch.stack((mean, (square - mean.square()).clamp_min(0).sqrt()))
