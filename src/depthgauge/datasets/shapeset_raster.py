"""Convex polygons as spans of pixels, row by row, decided exactly.

A pixel belongs to a polygon when its centre lies inside or on the border: no anti-aliasing.
Corners are whole subpixels, so every product below is a whole number under 2^53 and exact, and a
correctly rounded quotient of such numbers has the right floor: no device rounds a pixel otherwise.
"""

from typing import NamedTuple

import torch
from jaxtyping import Int8, Int64, UInt8
from torch import Tensor

from depthgauge.datasets.shapeset_polygons import SIZE, SUBPIXEL, Corners

HALF = SUBPIXEL // 2
"""The centre of pixel j is at (2 j + 1) HALF."""


class Spans(NamedTuple):
    """The pixels of convex shapes: columns first..last of each row, none where last < first."""

    first: Int8[Tensor, "n row=32"]
    last: Int8[Tensor, "n row=32"]

    def area(self) -> Int64[Tensor, " n"]:
        """Return how many pixels each shape covers."""
        return (self.last - self.first + 1).clamp_min(0).sum(1)

    def overlap(self, other: "Spans") -> Int64[Tensor, " n"]:
        """Return how many pixels the shapes share, pair by pair."""
        first = torch.maximum(self.first, other.first)
        return Spans(first, torch.minimum(self.last, other.last)).area()


def spans(corners: Corners) -> Spans:
    """Return the pixels whose centres lie in the polygons; corners by increasing angle.

    Each edge bounds the columns of a row: from the left where it runs upwards (y falls), from the
    right where it runs downwards. The tightest bounds count, between the extreme corners.
    """
    x, y = corners.to(torch.float64).unbind(1)
    dx, dy = x.roll(-1, 1) - x, y.roll(-1, 1) - y
    centres = torch.arange(1, 2 * SIZE, 2, dtype=x.dtype, device=x.device) * HALF
    offset = ((x - HALF) * dy - y * dx).unsqueeze(2)
    column = (centres * dx.unsqueeze(2) + offset) / (SUBPIXEL * dy).unsqueeze(2)
    upwards, downwards = (dy < 0).unsqueeze(2), (dy > 0).unsqueeze(2)
    first = column.where(upwards, -1.0).amax(1).ceil()
    last = column.where(downwards, SIZE).amin(1).floor()
    outside = (centres < y.amin(1, keepdim=True)) | (centres > y.amax(1, keepdim=True))
    first, last = first.masked_fill(outside, SIZE), last.masked_fill(outside, -1)
    return Spans(first.clamp(0, SIZE).to(torch.int8), last.clamp(-1, SIZE - 1).to(torch.int8))


def paint(
    images: UInt8[Tensor, "n row=32 column=32"], shapes: Spans, greys: UInt8[Tensor, " n"]
) -> UInt8[Tensor, "n row=32 column=32"]:
    """Return `images` with the shapes drawn over them."""
    columns = torch.arange(SIZE, dtype=torch.int8, device=images.device)
    inside = (columns >= shapes.first.unsqueeze(2)) & (columns <= shapes.last.unsqueeze(2))
    return torch.where(inside, greys[:, None, None], images)
