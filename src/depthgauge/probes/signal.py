"""How strong the signal is that comes back: spreads of delta and of dC/dw, example by example."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from depthgauge.probes.gradients import Deltas
from depthgauge.probes.histograms import gradient_shares

Inputs = Sequence[Float[Tensor, "replica example _"]]
"""a^{l-1} of each example, layers 1..L."""


def weight_gradient_moments(deltas: Deltas, inputs: Inputs) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of all entries of dC/dw^l, (replica, layer) each.

    Over entries and examples, one example's gradient delta a^T at a time: the variance that
    equation 7 of Glorot and Bengio speaks of. Unit: cost per unit of weight. An entry is a
    product, so sums over vectors are enough: sum_ij d_i a_j = (sum d)(sum a), with squares alike.
    """
    pairs = [
        [_outer_moments(*one) for one in zip(*layer, strict=True)]
        for layer in zip(deltas, inputs, strict=True)
    ]
    mean, std = (
        torch.stack([torch.stack([one[which] for one in layer]) for layer in pairs], dim=1)
        for which in (0, 1)
    )
    return mean, std


def delta_histograms(deltas: Deltas) -> Float[Tensor, "replica layer bin"]:
    """Return the shares of all entries of delta^l in the gradient bins of probes/histograms.py."""
    return torch.stack(
        [torch.stack([gradient_shares(one) for one in delta]) for delta in deltas], dim=1
    )


def weight_gradient_histograms(
    deltas: Deltas, inputs: Inputs, examples: int
) -> Float[Tensor, "replica layer bin"]:
    """Return the shares of the entries of dC/dw^l of each of the first `examples` examples."""
    return torch.stack(
        [
            torch.stack(
                [
                    gradient_shares(one[:examples, :, None] * x[:examples, None, :])
                    for one, x in zip(delta, a, strict=True)
                ]
            )
            for delta, a in zip(deltas, inputs, strict=True)
        ],
        dim=1,
    )


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
    return torch.stack(
        [
            torch.stack(
                [
                    gradient_shares(_batch_gradients(one, x, size, batches))
                    for one, x in zip(delta, a, strict=True)
                ]
            )
            for delta, a in zip(deltas, inputs, strict=True)
        ],
        dim=1,
    )


def _batch_gradients(
    delta: Float[Tensor, "example unit"], a: Float[Tensor, "example feature"], size: int, count: int
) -> Float[Tensor, "batch unit feature"]:
    d, x = (each[: size * count].unflatten(0, (count, size)) for each in (delta, a))
    return torch.bmm(d.mT, x)


def _outer_moments(
    delta: Float[Tensor, "example unit"], a: Float[Tensor, "example feature"]
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    d, x = delta.double(), a.double()
    entries = d.shape[1] * x.shape[1]
    mean = (d.sum(1) * x.sum(1)).mean() / entries
    square = (d.square().sum(1) * x.square().sum(1)).mean() / entries
    return mean, (square - mean.square()).clamp_min(0).sqrt()
