"""Measurements taken replica by replica, so that rounding does not depend on how many there are."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def by_replica(measure: Callable[..., Tensor], *layers: Sequence[Tensor]) -> Tensor:
    """Return `measure` of every replica and layer: (replica, layer, ...).

    It takes one tensor from each of `layers`, which are lists of tensors (replica, ...), one a
    layer.
    """
    measured = [
        torch.stack([measure(*one) for one in zip(*layer, strict=True)])
        for layer in zip(*layers, strict=True)
    ]
    return torch.stack(measured, dim=1)
