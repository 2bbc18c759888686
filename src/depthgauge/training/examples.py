"""Images with their labels, as bytes, and how they become a network's inputs and targets."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from depthgauge.datasets.prepared import Split


@dataclass(frozen=True)
class Examples:
    """Images as bytes with their labels, and the scale x = pixel / divide - subtract."""

    images: UInt8[Tensor, "example feature"]
    labels: UInt8[Tensor, " example"]
    divide: float
    subtract: float
    classes: int

    def inputs(self, images: UInt8[Tensor, "..."], out: Float[Tensor, "..."]) -> Tensor:
        """Scale `images` into `out`, whose dtype and shape are the network's."""
        out.copy_(images).div_(self.divide)
        return out.sub_(self.subtract) if self.subtract else out

    def first(self, count: int) -> "Examples":
        """Return the first so many examples."""
        return replace(self, images=self.images[:count], labels=self.labels[:count])

    def to(self, device: torch.device) -> "Examples":
        """Return the same on `device`, still as bytes."""
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))

    def at(self, rows: Int64[Tensor, " row"]) -> "Examples":
        """Return the examples at these places."""
        return replace(self, images=self.images[rows], labels=self.labels[rows])

    def of(self, split: Split, count: int | None = None) -> "Examples":
        """Return the first `count` examples of `split`, all without it, on the same scale."""
        images, labels = (
            torch.from_numpy(np.ascontiguousarray(each[:count]))
            for each in (split.images, split.labels)
        )
        return replace(self, images=images, labels=labels)

    def take(self, part: slice, like: Tensor) -> tuple[Tensor, Tensor]:
        """Return a part of the examples: inputs (part, feature), one-hot targets (part, class).

        Both have the dtype and the device of `like`; images and labels are sent there as bytes.
        """
        images = self.images[part].to(like.device)
        x = self.inputs(images, torch.empty(images.shape, dtype=like.dtype, device=like.device))
        return x, one_hot(self.labels[part].to(like.device), self.classes, like)


def one_hot(labels: Tensor, classes: int, like: Tensor) -> Tensor:
    """Return labels (...,) as one-hot targets (..., classes) of the dtype of `like`."""
    return torch.nn.functional.one_hot(labels.long(), classes).to(like.dtype)
