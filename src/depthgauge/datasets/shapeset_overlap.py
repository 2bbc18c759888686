"""How much of the lower shape the upper one hides, by the authors' estimate: no pixel is counted.

Source: the program of Glorot and Bengio's group (Shapeset, polygongen.py, method `_corners`).
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

from depthgauge.datasets.shapeset_polygons import SUBPIXEL, Corners

OVERLAP = 0.5
"""The largest share of the lower shape that the upper one may hide."""


class Placed(NamedTuple):
    """Polygons in their images."""

    corners: Corners
    centre: Int64[Tensor, "n 2"]
    """The centre of the circle that the polygon was made from, in subpixels."""
    area: Float64[Tensor, " n"]
    """In any unit that all share."""


def hides_too_much(lower: Placed, upper: Placed) -> Bool[Tensor, " n"]:
    """Return where the estimated hidden share of the lower shape exceeds OVERLAP, pair by pair.

    With the distance d of the centres, and the sum p of how far the two shapes reach toward each
    other along the line of the centres, the upper shape is taken to lie over the lower one with
    the share 1 - exp(-(p - d) / (d / ln 2)) = 1 - 2^(1 - p/d) of its own area. The lower
    shape's centre counts in whole pixels, as the authors keep it.
    """
    centre = lower.centre // SUBPIXEL * SUBPIXEL
    line = (upper.centre - centre).to(torch.float64)
    reach = _reach(lower.corners, centre, line) + _reach(upper.corners, upper.centre, -line)
    # solved for p d: whole numbers below 2^53 until the logarithm. A lower shape of more than
    # twice the upper one's area gives the logarithm of a negative number, nan: never too much
    free = 1 - OVERLAP * lower.area / upper.area
    return reach > (line * line).sum(1) * (1 - free.log2())


def _reach(
    corners: Corners, centre: Int64[Tensor, "n 2"], line: Float64[Tensor, "n 2"]
) -> Float64[Tensor, " n"]:
    """Return how far corners reach from the centre along `line`, times the line's length."""
    x, y = (corners - centre.unsqueeze(2)).to(torch.float64).unbind(1)
    return (x * line[:, :1] + y * line[:, 1:]).amax(1)
