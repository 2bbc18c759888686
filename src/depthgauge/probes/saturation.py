"""Where a layer's activations are: mean, spread, and how far out the outermost lie."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from depthgauge.probes.histograms import activation_shares
from depthgauge.probes.replicas import by_replica

Activations = Sequence[Float[Tensor, "replica example _"]]
"""a^l of each example, layers 1..L."""

OUTERMOST = 0.98
"""Figures 3 and 10 of Glorot and Bengio show the 98th percentile, of both signs together."""


def moments(values: Activations) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation over all examples and units, each (replica, layer)."""
    variance, mean = by_replica(
        lambda a: torch.stack(torch.var_mean(a.double(), correction=0)), values
    ).unbind(-1)
    return mean, variance.sqrt()


def outermost(values: Activations) -> Float[Tensor, "replica layer"]:
    """Return the value that 98 % of a layer's |a|, all examples and units, do not exceed.

    Source: Glorot and Bengio, Figs. 3 and 10.
    """
    return by_replica(_percentile, values)


def activation_histograms(values: Activations) -> Float[Tensor, "replica layer bin"]:
    """Return the shares of a layer's activations in the bins of probes/histograms.py."""
    return by_replica(activation_shares, values)


def _percentile(a: Float[Tensor, "example unit"]) -> Float[Tensor, ""]:
    return a.flatten().abs().kthvalue(math.ceil(OUTERMOST * a.numel())).values
