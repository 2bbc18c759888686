"""What each image of Shapeset-3x2 shows: which shapes, where, how grey, and its label.

Every random number is a function of (seed, index of the image, what it is for, attempt).
"""

from dataclasses import dataclass
from functools import cache

import torch
from jaxtyping import Bool, Int64, UInt8
from torch import Tensor

from depthgauge.datasets.shapeset_overlap import Placed, hides_too_much
from depthgauge.datasets.shapeset_philox import below, fraction, philox
from depthgauge.datasets.shapeset_polygons import (
    CORNERS,
    STEPS,
    Corners,
    areas,
    first_turns,
    free_room,
    polygons,
)
from depthgauge.datasets.shapeset_raster import Spans, spans

PAIR_LABELS = ((6, 3, 5), (3, 7, 4), (5, 4, 8))
"""The label of an image with two shapes, by their kinds; with one shape it is the kind."""

SCALE = (0.2, 0.8)
"""Limits of the factor along each axis, in widths of the image."""

ATTEMPTS = 50
"""Draws of a second shape, before its image keeps one shape."""

GREYS = ((0, 114), (140, 255))
"""Dark and light: [0, 0.45] and [0.55, 1] of 255, cut to whole levels as the authors do."""

SCENE, IDENTITY, PLACEMENT = 0, 1, 3
"""Streams of random words; the last two have one for each shape, 0 below and 1 above."""


@dataclass(frozen=True)
class Scenes:
    """What n images show, before they are painted."""

    drawn: Int64[Tensor, " n"]
    """Labels as drawn."""
    labels: Int64[Tensor, " n"]
    """Labels of what is shown: another one where no second shape was found that fits."""
    shapes: tuple[Spans, Spans]
    """The pixels of the lower and of the upper shape; an absent one has none."""
    ground: UInt8[Tensor, " n"]
    greys: tuple[UInt8[Tensor, " n"], UInt8[Tensor, " n"]]


def scenes(seeds: Int64[Tensor, " n"], indices: Int64[Tensor, " n"]) -> Scenes:
    """Return what image `indices` of stream `seeds` shows, pair by pair."""
    number, ground, swap, _ = philox(seeds, indices, SCENE)
    pair, light_ground = below(number, 2) == 1, below(swap, 2)
    identities = [philox(seeds, indices, IDENTITY + shape) for shape in (0, 1)]
    lower_kind, upper_kind = (below(words[0], len(CORNERS)) for words in identities)
    lower = candidates(seeds, indices, 0)
    # a processor draws again only where it must; a GPU would have to be asked where that is
    find = _upper_corners if indices.device.type == "cpu" else _upper_corners_unasked
    upper, shown = find(seeds, indices, lower, pair)
    of_pair = _pair_labels(indices.device)[lower_kind, upper_kind]
    lower_grey, upper_grey = (_grey(words[3], 1 - light_ground) for words in identities)
    return Scenes(
        drawn=of_pair.where(pair, lower_kind),
        labels=of_pair.where(shown, lower_kind),
        shapes=(spans(lower.corners), _only(spans(upper), shown)),
        ground=_grey(ground, light_ground),
        greys=(lower_grey, upper_grey),
    )


def candidates(
    seeds: Int64[Tensor, " n"], indices: Int64[Tensor, " n"], shape: int, attempt: int = 0
) -> Placed:
    """Return a shape in its image, as drawn at an attempt.

    Attempts differ in size and position; kind, first turn and rotation stay, as the authors' do.
    """
    kind, turn, rotation, _ = philox(seeds, indices, IDENTITY + shape)
    across, along, right, down = philox(seeds, indices, PLACEMENT + shape, attempt)
    kinds = below(kind, len(CORNERS))
    smallest, largest = SCALE
    uniform = torch.stack((fraction(across), fraction(along)), 1)
    factors = uniform * (largest - smallest) + smallest
    turns = below(turn, first_turns(kinds))
    corners = polygons(kinds, turns, factors, below(rotation, STEPS))
    nearest, shifts = free_room(corners)
    centre = nearest + below(torch.stack((right, down), 1), shifts)
    return Placed(corners + centre.unsqueeze(2), centre, areas(kinds, factors))


def _upper_corners(
    seeds: Tensor, indices: Tensor, lower: Placed, wanted: Bool[Tensor, " n"]
) -> tuple[Corners, Bool[Tensor, " n"]]:
    """Return upper shapes that do not hide too much, and which images have one; others have 0."""
    corners = torch.zeros_like(lower.corners)
    pending = wanted.nonzero().squeeze(1)
    for attempt in range(ATTEMPTS):
        if not len(pending):
            break
        drawn = candidates(seeds[pending], indices[pending], 1, attempt)
        over = hides_too_much(Placed(*(each[pending] for each in lower)), drawn)
        corners[pending[~over]] = drawn.corners[~over]
        pending = pending[over]
    return corners, wanted.index_fill(0, pending, False)


def _upper_corners_unasked(
    seeds: Tensor, indices: Tensor, lower: Placed, wanted: Bool[Tensor, " n"]
) -> tuple[Corners, Bool[Tensor, " n"]]:
    """Return the same by drawing every attempt for all images: no number goes to the host."""
    corners, pending = torch.zeros_like(lower.corners), wanted
    for attempt in range(ATTEMPTS):
        drawn = candidates(seeds, indices, 1, attempt)
        over = hides_too_much(lower, drawn)
        corners = drawn.corners.where((pending & ~over)[:, None, None], corners)
        pending = pending & over
    return corners, wanted & ~pending


def _only(shapes: Spans, shown: Bool[Tensor, " n"]) -> Spans:
    """Return the spans of the shapes that are shown, and empty ones of the others."""
    return Spans(shapes.first, shapes.last.where(shown.unsqueeze(1), -1))


@cache
def _pair_labels(device: torch.device) -> Int64[Tensor, "kind kind"]:
    return torch.tensor(PAIR_LABELS, device=device)


@cache
def _grey_limits(device: torch.device) -> Int64[Tensor, "range limit"]:
    return torch.tensor(GREYS, device=device)


def _grey(word: Int64[Tensor, " n"], light: Int64[Tensor, " n"]) -> UInt8[Tensor, " n"]:
    """Return a grey level of the dark (0) or the light (1) range."""
    low, high = _grey_limits(word.device)[light].unbind(1)
    return (low + below(word, high - low + 1)).to(torch.uint8)
