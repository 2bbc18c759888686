"""Where a layer's activations are: mean, spread, and how far out the outermost lie."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from depthgauge.probes.histograms import activation_shares

Activations = Sequence[Float[Tensor, "replica example _"]]
"""a^l of each example, layers 1..L."""

OUTERMOST = 0.98
"""Figures 3 and 10 of Glorot and Bengio show the 98th percentile, of both signs together."""


def moments(values: Activations) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation over all examples and units, each (replica, layer)."""
    # One replica after another, in double: no sum's order depends on how many there are.
    found = [[torch.var_mean(a.double(), correction=0) for a in layer] for layer in values]
    variance, mean = (
        torch.stack([torch.stack([pair[which] for pair in layer]) for layer in found], dim=1)
        for which in (0, 1)
    )
    return mean, variance.sqrt()


def outermost(values: Activations) -> Float[Tensor, "replica layer"]:
    """Return the value that 98 % of a layer's |a|, all examples and units, do not exceed.

    Source: Glorot and Bengio, Figs. 3 and 10.
    """
    return torch.stack([torch.stack([_percentile(a) for a in layer]) for layer in values], dim=1)


def activation_histograms(values: Activations) -> Float[Tensor, "replica layer bin"]:
    """Return the shares of a layer's activations in the bins of probes/histograms.py."""
    return torch.stack(
        [torch.stack([activation_shares(a) for a in layer]) for layer in values], dim=1
    )


def _percentile(a: Float[Tensor, "example unit"]) -> Float[Tensor, ""]:
    return a.flatten().abs().kthvalue(math.ceil(OUTERMOST * a.numel())).values
