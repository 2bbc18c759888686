"""Triangles, parallelograms and ellipses of Shapeset, as convex polygons in whole subpixels.

Only correctly rounded operations (+ - * / sqrt) and tables of cosines touch a float64 before the
corners are rounded to subpixels, so every batch and every device gets the same corners.
"""

import math
from functools import cache

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

SIZE = 32
"""Pixels on a side of the image."""

SUBPIXEL = 256
"""Corners lie on a grid of 1/256 pixel."""

MARGIN = 1
"""Pixels between any corner and the edge of the image."""

CORNERS = (3, 4, 20)
"""Of the triangle, the parallelogram (from a square) and the ellipse (from a 20-gon)."""

STEPS = 255
"""Angles are multiples of 1/255 of the full turn."""

Corners = Int64[Tensor, "n xy=2 corner=20"]
"""Subpixels, x to the right and y downwards, corners by increasing angle; a polygon of fewer
corners repeats its last one."""


def first_turns(kinds: Int64[Tensor, " n"]) -> Int64[Tensor, " n"]:
    """Return how many first turns a kind has: the steps within its symmetry, 255 // corners."""
    return STEPS // _corner_counts(kinds.device)[kinds]


def polygons(
    kinds: Int64[Tensor, " n"],
    turns: Int64[Tensor, " n"],
    factors: Float64[Tensor, "n 2"],
    rotations: Int64[Tensor, " n"],
) -> Corners:
    """Return polygons around the origin.

    A regular polygon on a circle of radius 0.5 with a horizontal base is turned by one of its
    `first_turns`, the middle one being none; scaled by `factors` (widths of the image), the larger
    along x; turned back, so that its base is horizontal again; rotated by `rotations` steps.
    """
    circle = _circle(kinds.device)
    x, y = _regular(kinds.device)[kinds].unbind(1)
    cos, sin = circle[(turns - first_turns(kinds) // 2) % STEPS].unbind(1)
    x, y = _rotate(x, y, cos, sin)
    wide, high = factors.amax(1) * SIZE, factors.amin(1) * SIZE
    x, y = x * wide[:, None], y * high[:, None]
    base_x, base_y = wide * cos, high * sin  # where turn and scaling bring the base's direction
    length = (base_x * base_x + base_y * base_y).sqrt()
    x, y = _rotate(x, y, base_x / length, -base_y / length)
    x, y = _rotate(x, y, *circle[rotations].unbind(1))
    return (torch.stack((x, y), 1) * SUBPIXEL).round().long()


def areas(kinds: Int64[Tensor, " n"], factors: Float64[Tensor, "n 2"]) -> Float64[Tensor, " n"]:
    """Return the areas of the polygons, in areas of an ellipse with both factors 1."""
    return factors.prod(1) * _circle_shares(kinds.device)[kinds]


def free_room(corners: Corners) -> tuple[Int64[Tensor, "n 2"], Int64[Tensor, "n 2"]]:
    """Return the smallest shift that keeps the margin, and how many shifts do, along each axis.

    A corner comes to MARGIN at the least and stays below SIZE - MARGIN.
    """
    low, high = corners.amin(2), corners.amax(2)
    return MARGIN * SUBPIXEL - low, (SIZE - 2 * MARGIN) * SUBPIXEL - (high - low)


def _rotate(x: Tensor, y: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor]:
    """Rotate corners (n, 20) from x towards y by an angle each."""
    cos, sin = cos[:, None], sin[:, None]
    return x * cos - y * sin, x * sin + y * cos


@cache
def _corner_counts(device: torch.device) -> Int64[Tensor, " kind"]:
    return torch.tensor(CORNERS, device=device)


@cache
def _circle_shares(device: torch.device) -> Float64[Tensor, " kind"]:
    """The share of a circle's area that the regular polygon on it has."""
    shares = [n * math.sin(2 * math.pi / n) / (2 * math.pi) for n in CORNERS]
    return torch.tensor(shares, dtype=torch.float64, device=device)


@cache
def _circle(device: torch.device) -> Float64[Tensor, "step 2"]:
    """(cos, sin) of every angle: a table, because a device's own cosine may differ in one bit."""
    angles = [2 * math.pi * step / STEPS for step in range(STEPS)]
    points = [(math.cos(angle), math.sin(angle)) for angle in angles]
    return torch.tensor(points, dtype=torch.float64, device=device)


@cache
def _regular(device: torch.device) -> Float64[Tensor, "kind 2 corner"]:
    """Regular polygons on a circle of radius 0.5; the base joins the last corner to the first.

    The base is below and horizontal: corner t of n is at the angle 2 pi (1/4 + 1/2n + t/n).
    """
    kinds = []
    for n in CORNERS:
        corners = [min(t, n - 1) for t in range(max(CORNERS))]
        angles = [2 * math.pi * (1 / 4 + 1 / (2 * n) + t / n) for t in corners]
        kinds.append(([0.5 * math.cos(a) for a in angles], [0.5 * math.sin(a) for a in angles]))
    return torch.tensor(kinds, dtype=torch.float64, device=device)
