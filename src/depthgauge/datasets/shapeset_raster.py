"""Polygons as spans of pixels, row by row, as the authors' program fills them.

Source: pygame 1.8.1, draw_fillpoly: corners are cut to whole pixels, an edge crosses a row at a
whole column by C's division, both crossings belong to the shape, and so does the lowest row. No
anti-aliasing. Whole numbers below 32^2 have exact products and quotients with the right whole part
in float32, so no device decides a pixel otherwise.
"""

from typing import NamedTuple

import torch
from jaxtyping import Int8, UInt8
from torch import Tensor

from depthgauge.datasets.shapeset_polygons import SIZE, SUBPIXEL, Corners


class Spans(NamedTuple):
    """The pixels of convex shapes: columns first..last of each row, none where last < first."""

    first: Int8[Tensor, "n row=32"]
    last: Int8[Tensor, "n row=32"]


def spans(corners: Corners) -> Spans:
    """Return the pixels that the fill gives to each polygon.

    An edge crosses the rows from its upper end to the one above its lower end; an edge that ends
    in the polygon's lowest row crosses that one, too; a horizontal edge crosses none.
    """
    x, y = (corners // SUBPIXEL).to(torch.float32).unbind(1)
    next_x, next_y = x.roll(-1, 1), y.roll(-1, 1)
    down = y < next_y
    top, bottom = torch.minimum(y, next_y), torch.maximum(y, next_y)
    start, end = x.where(down, next_x), next_x.where(down, x)
    lowest = (bottom == y.amax(1, keepdim=True)) & (top < bottom)
    stop = bottom - (~lowest).to(x.dtype)
    rows = torch.arange(SIZE, dtype=x.dtype, device=x.device)
    below = rows - top.unsqueeze(2)
    crosses = (below >= 0) & (rows <= stop.unsqueeze(2))
    height = (bottom - top).clamp_min(1).unsqueeze(2)  # 0 / 1 for the edges that cross no row
    across = torch.div(below * (end - start).unsqueeze(2), height, rounding_mode="trunc")
    column = across + start.unsqueeze(2)
    first, last = column.where(crosses, SIZE).amin(1), column.where(crosses, -1).amax(1)
    return Spans(first.to(torch.int8), last.to(torch.int8))


def paint(
    images: UInt8[Tensor, "n row=32 column=32"], shapes: Spans, greys: UInt8[Tensor, " n"]
) -> UInt8[Tensor, "n row=32 column=32"]:
    """Return `images` with the shapes drawn over them."""
    columns = torch.arange(SIZE, dtype=torch.int8, device=images.device)
    inside = (columns >= shapes.first.unsqueeze(2)) & (columns <= shapes.last.unsqueeze(2))
    return torch.where(inside, greys[:, None, None], images)
