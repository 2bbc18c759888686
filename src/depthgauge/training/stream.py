"""Shapeset online: images are generated on the networks' device and used once."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from depthgauge.datasets.shapeset import GPU_CHUNK, shapeset

AHEAD = {"cuda": GPU_CHUNK}
"""Images drawn at once, by device; elsewhere those of the steps that are asked for."""


class ShapesetStream:
    """Mini-batches of `size` images; each seed has images of its own, which its rates share.

    On a GPU, images are drawn ahead for many steps: drawing a few takes as long as drawing all that
    `shapeset` computes at once, as launching its work takes longer than doing it.
    """

    def __init__(self, seeds: Sequence[int], size: int) -> None:
        """Take the seed of every replica."""
        streams, which = np.unique(seeds, return_inverse=True)
        self.size, self.images = size, len(streams) * size
        self.streams = torch.from_numpy(streams.astype(np.int64))
        self.which = torch.from_numpy(which.astype(np.int64))
        self.drawn = range(0)
        """Steps whose images are there: (seed, step, example)."""

    def __call__(
        self, first: int, steps: int, device: torch.device
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return images and labels of the steps from `first` on, and their places in these.

        The places are (step, replica, example). Nothing waits for a CUDA GPU after the first call.
        """
        made = torch.device("cpu") if device.type == "mps" else device  # mps has no float64
        self.streams, self.which = self.streams.to(made), self.which.to(made)
        if not (first in self.drawn and first + steps <= self.drawn.stop):
            ahead = AHEAD.get(made.type, 0) // self.images
            self._draw(range(first, first + max(steps, ahead)))
        here = slice(first - self.drawn.start, first - self.drawn.start + steps)
        images, labels = (each[:, here].flatten(0, 2) for each in (self._images, self._labels))
        places = torch.arange(len(labels), device=made).view(-1, steps, self.size)
        chosen = places.index_select(0, self.which).transpose(0, 1)
        return images.to(device), labels.to(device), chosen.to(device)

    def _draw(self, steps: range) -> None:
        """Generate the images (seed, step, example, pixel) of these steps, and their labels."""
        numbers = torch.arange(
            steps.start * self.size, steps.stop * self.size, device=self.streams.device
        )
        keys = self.streams.repeat_interleave(len(numbers))
        images, labels = shapeset(keys, numbers.repeat(len(self.streams)))
        shape = (len(self.streams), len(steps), self.size)
        self._images, self._labels = images.view(*shape, -1), labels.view(shape)
        self.drawn = steps
