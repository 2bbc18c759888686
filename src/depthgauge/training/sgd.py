"""The settings of mini-batch gradient descent on R networks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

Stream = Callable[[int, int, torch.device], tuple[Tensor, Tensor, Tensor]]
"""(first step, steps, device) -> images, labels, indices into these (step, replica, example)."""


@dataclass(frozen=True)
class SGDSettings:
    """What stays the same from step to step."""

    rates: Sequence[float]
    """Learning rate of each replica."""
    batch_size: int
    steps: int
    l2: float
    """Nielsen's lambda over n: weights shrink by (1 - rate * l2) a step."""
    order: Callable[[int, int], np.ndarray]
    """(first step, steps) -> indices (step, replica, example) of the mini-batches."""
    stream: Stream | None = None
    """Examples generated during training, in place of those that `order` picks from."""
    stream_images: int = 0
    """How many of them a step takes: a mini-batch for each of its seeds."""
    seeds: Sequence[int] = ()
    """Seed of each replica."""

    def __post_init__(self) -> None:
        if self.l2 and len(set(self.rates)) > 1:
            # The decay is one number of the fused update; a block of replicas has one rate then.
            raise ValueError("replicas trained together with L2 must share one learning rate")

    def scale(self, like: Tensor) -> Float[Tensor, "replica 1 1"]:
        """Return learning rate / batch size of each replica, in the dtype and place of `like`."""
        rates = torch.tensor(self.rates, dtype=like.dtype, device=like.device)
        return (rates / self.batch_size).view(-1, 1, 1)
