import math

import pytest
import torch

from depthgauge.datasets.shapeset_overlap import Placed, hides_too_much

SQUARE = torch.tensor([[-4, 4, 4, -4], [-4, -4, 4, 4]])
"""Corners of a square of 8 pixels around its centre."""


def square(x, y, size=1.0):
    """A square with its centre at (x, y) pixels, `size` times as large along both axes."""
    centre = torch.tensor([[round(x * 256), round(y * 256)]])
    corners = (SQUARE * size * 256).long() + centre[:, :, None]
    return Placed(corners, centre, torch.tensor([size**2], dtype=torch.float64))


def test_estimate_by_hand():
    """Equal squares of 8 pixels at a distance d: p = 8, so more than half where 8 > 2 d."""
    assert hides_too_much(square(10, 10), square(13.9, 10))
    assert not hides_too_much(square(10, 10), square(14.1, 10))
    assert not hides_too_much(square(10, 10), square(14, 10))  # half itself is allowed


@pytest.mark.parametrize("size", [0.75, 1.5, 2.0])
def test_the_limit_moves_with_the_areas(size):
    """1 - 2^(1 - p/d) = 1 / (2 size^2), with p = 4 + 4 size, gives the distance."""
    limit = (4 + 4 * size) / (1 - math.log2(1 - 0.5 / size**2))
    assert hides_too_much(square(10, 10), square(10 + limit - 0.02, 10, size))
    assert not hides_too_much(square(10, 10), square(10 + limit + 0.02, 10, size))


def test_a_small_shape_never_hides_half_of_a_large_one():
    """Its whole area is at most half of the other's, wherever it lies."""
    assert not hides_too_much(square(10, 10, math.sqrt(2) + 0.01), square(10.5, 10))


def test_the_lower_centre_counts_in_whole_pixels():
    """At (10.9, 10) it is taken to be at (10, 10), which its corners then are not around."""
    reach = 4.9 + 4
    assert hides_too_much(square(10.9, 10), square(10 + reach / 2 - 0.02, 10))
    assert not hides_too_much(square(10.9, 10), square(10 + reach / 2 + 0.02, 10))
