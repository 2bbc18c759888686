import math

import numpy as np
import pytest
import torch

from depthgauge.datasets.shapeset_polygons import (
    CORNERS,
    SUBPIXEL,
    areas,
    first_turns,
    free_room,
    polygons,
)

ROUNDING = 0.5 / SUBPIXEL + 1e-9
"""Pixels by which a corner may be off its exact place."""


def in_pixels(kinds, turns, factors, rotations):
    """Corners (n, 20, 2) in pixels."""
    kinds, turns, rotations = (torch.tensor(each) for each in (kinds, turns, rotations))
    factors = torch.tensor(factors, dtype=torch.float64)
    return polygons(kinds, turns, factors, rotations).mT.numpy() / SUBPIXEL


def recipe(n, turn, factors, rotation):
    """The corners of one polygon, one by one, in polar coordinates where the code has matrices."""
    wide, high = max(factors) * 32, min(factors) * 32
    turned = 2 * math.pi * turn / 255
    back = math.atan(high / wide * math.tan(turned))
    corners = []
    for t in range(n):
        angle = 2 * math.pi * (t / n + 1 / (2 * n) + 1 / 4) + turned
        x, y = wide * 0.5 * math.cos(angle), high * 0.5 * math.sin(angle)
        radius, angle = math.hypot(x, y), math.atan2(y, x)
        angle += 2 * math.pi * rotation / 255 - back
        corners.append((radius * math.cos(angle), radius * math.sin(angle)))
    return corners


@pytest.mark.parametrize("kind", range(3))
def test_corners_follow_the_recipe(kind):
    """Turn, scale, turn back, rotate: every corner where the slow recipe puts it."""
    rng = np.random.default_rng(kind)
    n = CORNERS[kind]
    for _ in range(40):
        turn, rotation = int(rng.integers(255 // n)), int(rng.integers(255))
        factors = rng.uniform(0.2, 0.8, 2)
        found = in_pixels([kind], [turn], factors[None], [rotation])[0]
        expected = recipe(n, turn - 255 // n // 2, factors, rotation)
        assert found[:n] == pytest.approx(np.array(expected), abs=ROUNDING)
        assert (found[n:] == found[n - 1]).all()


@pytest.mark.parametrize("kind", range(3))
def test_the_base_is_horizontal_and_below(kind):
    """Before the last rotation the edge from last to first corner is level, the lowest one."""
    n, turns = CORNERS[kind], 255 // CORNERS[kind]
    factors = np.random.default_rng(5).uniform(0.2, 0.8, (turns, 2))
    found = in_pixels([kind] * turns, range(turns), factors, [0] * turns)
    first, last = found[:, 0], found[:, n - 1]
    assert first[:, 1] == pytest.approx(last[:, 1], abs=2 * ROUNDING)
    assert (first[:, 0] < last[:, 0]).all()
    assert (found[:, :, 1].max(1) - first[:, 1]).max() <= 2 * ROUNDING


def test_the_larger_factor_is_horizontal():
    """Without a first turn, a square on the circle becomes a rectangle wide / sqrt 2 across."""
    for factors in ([0.2, 0.8], [0.8, 0.2]):
        corners = in_pixels([1], [255 // 4 // 2], [factors], [0])[0]
        width, height = np.ptp(corners, axis=0)
        assert width == pytest.approx(0.8 * 32 / math.sqrt(2), abs=2 * ROUNDING)
        assert height == pytest.approx(0.2 * 32 / math.sqrt(2), abs=2 * ROUNDING)


def test_areas_are_the_regular_areas_scaled():
    """Turns and rotations keep the area: n/2 sin(2 pi/n) r^2 times both scales."""
    rng = np.random.default_rng(3)
    kinds = np.repeat(range(3), 50)
    turns = [int(rng.integers(255 // CORNERS[kind])) for kind in kinds]
    factors, rotations = rng.uniform(0.2, 0.8, (150, 2)), rng.integers(0, 255, 150)
    x, y = in_pixels(kinds, turns, factors, rotations).transpose(2, 0, 1)
    area = (x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(1) / 2
    n = np.array(CORNERS)[kinds]
    regular = n / 2 * np.sin(2 * np.pi / n) * 0.25
    assert area == pytest.approx(regular * 32 * 32 * factors.prod(1), abs=26 * 4 * ROUNDING)
    stated = areas(torch.from_numpy(kinds), torch.from_numpy(factors)).numpy()
    assert area == pytest.approx(stated * math.pi / 4 * 32 * 32, abs=26 * 4 * ROUNDING)


def test_first_turns_stay_within_the_symmetry():
    """255 // corners steps: all that fit into one symmetry of the regular polygon."""
    found = first_turns(torch.arange(3)).tolist()
    assert found == [85, 63, 12]
    assert all(255 / n - 1 < turns <= 255 / n for n, turns in zip(CORNERS, found, strict=True))


def test_room_ends_one_pixel_inside_the_frame():
    """The nearest shift brings a corner to 1 pixel, the farthest just below 31, on both axes."""
    rng = np.random.default_rng(4)
    factors = torch.from_numpy(rng.uniform(0.2, 0.8, (60, 2)))
    kinds = torch.arange(60) % 3
    corners = polygons(kinds, torch.zeros_like(kinds), factors, torch.arange(60) * 4)
    nearest, shifts = free_room(corners)
    assert (shifts > 0).all()
    assert ((corners + nearest[:, :, None]).amin(2) == 1 * SUBPIXEL).all()
    assert ((corners + (nearest + shifts - 1)[:, :, None]).amax(2) == 31 * SUBPIXEL - 1).all()
