"""Normalized histograms in bins fixed beforehand, so that layers, nets and steps compare.

Activations of the studies lie in [-1, 1]: 200 equal bins. Gradients span many orders of magnitude
and both signs: 240 bins, equal in asinh(x / FINEST), which is linear below FINEST and logarithmic
above (15 % wide each). Values beyond the last edge count in the last bin.
"""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

ACTIVATION_BINS = 200
GRADIENT_BINS = 240
FINEST = 1e-7
"""Below the weight gradients of the first layer of a five-layer sigmoid net."""
COUNTED = 1 << 24
"""Values counted at once: torch.histc counts in the type of the values, float32 no further."""
_REACH = math.asinh(1 / FINEST)
"""Gradients of at most 1: |delta^L| is, and no study's delta grows on its way back."""


def activation_edges() -> Float[np.ndarray, " edge"]:
    """Return the 201 edges of the activation bins."""
    return np.linspace(-1, 1, ACTIVATION_BINS + 1)


def gradient_edges() -> Float[np.ndarray, " edge"]:
    """Return the 241 edges of the gradient bins, in the unit of the gradient."""
    return FINEST * np.sinh(np.linspace(-_REACH, _REACH, GRADIENT_BINS + 1))


def activation_shares(values: Float[Tensor, "..."]) -> Float[Tensor, " bin"]:
    """Return the share of `values` in each activation bin; NaN when one of them is."""
    return _shares(values, ACTIVATION_BINS, 1.0)


def gradient_shares(values: Float[Tensor, "..."]) -> Float[Tensor, " bin"]:
    """Return the share of `values` in each gradient bin; NaN when one of them is."""
    return _shares(torch.asinh(values / FINEST), GRADIENT_BINS, _REACH)


def _shares(values: Tensor, bins: int, reach: float) -> Tensor:
    if not values.isfinite().all():
        return values.new_full((bins,), math.nan)
    parts = values.clamp(-reach, reach).flatten().split(COUNTED)
    counts = torch.stack([torch.histc(part, bins, -reach, reach) for part in parts])
    return (counts.sum(dim=0, dtype=torch.double) / values.numel()).to(values.dtype)
