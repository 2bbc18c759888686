import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull, QhullError

from depthgauge.datasets.shapeset_polygons import SUBPIXEL
from depthgauge.datasets.shapeset_raster import Spans, paint, spans

COLUMNS = np.arange(32)


def as_corners(points):
    """One polygon's points (corner, xy) in pixels, padded to 20 corners."""
    points = np.floor(np.array(points) * SUBPIXEL)
    padded = np.concatenate([points, np.repeat(points[-1:], 20 - len(points), 0)])
    return torch.from_numpy(padded.T[None].astype(np.int64))


def mask(shapes):
    """The pixels (n, row, column) of spans."""
    first, last = shapes.first.numpy()[:, :, None], shapes.last.numpy()[:, :, None]
    return (first <= COLUMNS) & (last >= COLUMNS)


def drawn(*rows):
    """A 32x32 picture with these columns (first, last), from row 2 on."""
    picture = np.zeros((32, 32), bool)
    for row, (first, last) in enumerate(rows, start=2):
        picture[row, first : last + 1] = True
    return picture


@pytest.mark.parametrize(
    ("corners", "rows"),
    [
        # its four corners and all between them: one column and one row more than its extent
        ([(3, 2), (6, 2), (6, 4), (3, 4)], [(3, 6)] * 3),
        # fractions are cut off, also those near the next pixel
        ([(3.99, 2.9), (6.99, 2.1), (6, 4.99), (3, 4)], [(3, 6)] * 3),
        # quotients are cut toward zero: toward an edge's upper end on both sides
        ([(6, 2), (10, 5), (2, 5)], [(6, 6), (5, 7), (4, 8), (2, 10)]),
        ([(10, 2), (10, 4), (3, 4)], [(10, 10), (7, 10), (3, 10)]),
        # a lowest corner alone is a pixel of its own
        ([(3, 2), (7, 2), (5, 5)], [(3, 7), (3, 7), (4, 6), (5, 5)]),
    ],
)
def test_shapes_filled_by_hand(corners, rows):
    """Row by row, as pygame 1.8.1's rule gives them on paper."""
    assert (mask(spans(as_corners(corners)))[0] == drawn(*rows)).all()


@st.composite
def convex_polygons(draw):
    """Corners in quarters of a pixel, so that ties happen."""
    coordinate = st.integers(4, 123).map(lambda quarter: quarter / 4)
    points = draw(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=12))
    try:
        hull = ConvexHull(np.array(points))
    except QhullError:
        hull = ConvexHull(np.array([(2.0, 2.0), (24.0, 2.0), (2.0, 24.0)]))
    return hull.points[hull.vertices]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(convex_polygons())
def test_spans_touch_the_polygon_of_the_cut_corners(points):
    """In every row from the highest to the lowest corner, within one pixel of its outline."""
    found = mask(spans(as_corners(points)))[0]
    cut = np.floor(points)
    top, bottom = int(cut[:, 1].min()), int(cut[:, 1].max())
    if top == bottom:
        return
    assert not found[:top].any() and not found[bottom + 1 :].any()
    edges = list(zip(cut, np.roll(cut, -1, 0), strict=True))
    for row in range(top, bottom + 1):
        crossings = [
            x1 + (row - y1) * (x2 - x1) / (y2 - y1)
            for (x1, y1), (x2, y2) in edges
            if y1 != y2 and min(y1, y2) <= row <= max(y1, y2)
        ]
        columns = np.flatnonzero(found[row])
        assert min(crossings) - 1 < columns[0]
        assert columns[-1] < max(crossings) + 1
        if top < row < bottom:
            assert columns[0] < min(crossings) + 1 and columns[-1] > max(crossings) - 1


def test_painting_covers_the_shape_and_nothing_else():
    """The shape takes its own grey; every other pixel stays."""
    first, last = torch.full((2, 32), 32, dtype=torch.int8), torch.full((2, 32), -1).to(torch.int8)
    first[1, 7], last[1, 7] = 4, 6
    ground = torch.arange(2048).reshape(2, 32, 32).to(torch.uint8)
    expected = ground.clone()
    expected[1, 7, 4:7] = 200
    found = paint(ground, Spans(first, last), torch.tensor([100, 200], dtype=torch.uint8))
    assert (found == expected).all()
