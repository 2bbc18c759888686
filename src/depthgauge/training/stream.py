"""Shapeset online: each chunk's images are generated on the networks' device and used once."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from depthgauge.datasets.shapeset import shapeset


class ShapesetStream:
    """Mini-batches of `size` images; each seed has images of its own, which its rates share."""

    def __init__(self, seeds: Sequence[int], size: int) -> None:
        """Take the seed of every replica."""
        streams, which = np.unique(seeds, return_inverse=True)
        self.size, self.images = size, len(streams) * size
        self.streams = torch.from_numpy(streams.astype(np.int64))
        self.which = torch.from_numpy(which.astype(np.int64))

    def __call__(
        self, first: int, steps: int, device: torch.device
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return images and labels of the steps from `first` on, and their places in these.

        The places are (step, replica, example). Nothing waits for a CUDA GPU after the first call.
        """
        made = torch.device("cpu") if device.type == "mps" else device  # mps has no float64
        self.streams, self.which = self.streams.to(made), self.which.to(made)
        numbers = torch.arange(first * self.size, (first + steps) * self.size, device=made)
        keys = self.streams.repeat_interleave(len(numbers))
        images, labels = shapeset(keys, numbers.repeat(len(self.streams)))
        places = torch.arange(len(labels), device=made).view(-1, steps, self.size)
        chosen = places.index_select(0, self.which).transpose(0, 1)
        return images.to(device), labels.to(device), chosen.to(device)
