import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull, QhullError

from depthgauge.datasets.shapeset_raster import HALF, Spans, paint, spans

COLUMNS = np.arange(32)


def as_corners(points):
    """One polygon's points (corner, xy) in subpixels, padded to 20 corners."""
    padded = np.concatenate([points, np.repeat(points[-1:], 20 - len(points), 0)])
    return torch.from_numpy(padded.T[None].astype(np.int64))


def mask(shapes):
    """The pixels (n, row, column) of spans."""
    first, last = shapes.first.numpy()[:, :, None], shapes.last.numpy()[:, :, None]
    return (first <= COLUMNS) & (last >= COLUMNS)


def half_planes(points):
    """The pixels whose centre is on no edge's outer side, in whole numbers, pixel by pixel."""
    inside = np.zeros((32, 32), bool)
    edges = list(zip(points.tolist(), np.roll(points, -1, 0).tolist(), strict=True))
    for row in range(32):
        for column in range(32):
            x, y = (2 * column + 1) * HALF, (2 * row + 1) * HALF
            sides = [(bx - ax) * (y - ay) - (by - ay) * (x - ax) for (ax, ay), (bx, by) in edges]
            inside[row, column] = min(sides) >= 0
    return inside


@st.composite
def convex_polygons(draw):
    """Corners by increasing angle; coordinates in quarters of a pixel, so that ties happen."""
    coordinate = st.integers(4, 124).map(lambda quarter: quarter * HALF // 2)
    points = draw(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=12))
    try:
        hull = ConvexHull(np.array(points))
    except QhullError:
        hull = ConvexHull(np.array([(300, 300), (6000, 300), (300, 6000)]))
    return hull.points[hull.vertices].astype(np.int64)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(convex_polygons())
def test_spans_are_the_pixels_inside_all_half_planes(points):
    """Exactly, ties and horizontal edges included."""
    assert (mask(spans(as_corners(points)))[0] == half_planes(points)).all()


@pytest.mark.parametrize(
    ("corners", "rows", "columns"),
    [
        ([(2, 3), (9, 3), (9, 5), (2, 5)], (3, 5), (2, 9)),  # borders between pixels
        ([(2.5, 3.5), (9.5, 3.5), (9.5, 5.5), (2.5, 5.5)], (3, 6), (2, 10)),  # through centres
        ([(2.6, 3.6), (9.4, 3.6), (9.4, 5.4), (2.6, 5.4)], (4, 5), (3, 9)),  # just inside them
    ],
)
def test_a_pixel_counts_when_its_centre_is_in_the_closed_polygon(corners, rows, columns):
    """Rectangles, whose pixels can be told by hand; slices are half open."""
    expected = np.zeros((32, 32), bool)
    expected[slice(*rows), slice(*columns)] = True
    found = spans(as_corners(np.round(np.array(corners) * 2 * HALF)))
    assert (mask(found)[0] == expected).all()
    assert found.area().item() == expected.sum()


def test_a_sliver_between_centres_has_no_pixels():
    """Empty rows count nothing, neither in the area nor in an overlap."""
    sliver = spans(as_corners(np.array([(600, 700), (7000, 705), (7000, 715)])))
    everywhere = spans(as_corners(np.array([(0, 0), (8192, 0), (8192, 8192), (0, 8192)])))
    assert everywhere.area().item() == 1024
    assert sliver.area().item() == 0
    assert everywhere.overlap(sliver).item() == 0


def test_overlap_counts_shared_pixels():
    """Against the masks of the two shapes."""
    shapes = []
    for seed in range(2):
        points = np.random.default_rng(seed).integers(256, 31 * 256, (30, 4, 2))
        hulls = [ConvexHull(each) for each in points]
        corners = [as_corners(hull.points[hull.vertices]) for hull in hulls]
        shapes.append(spans(torch.cat(corners)))
    shared = (mask(shapes[0]) & mask(shapes[1])).sum((1, 2))
    assert shapes[0].overlap(shapes[1]).tolist() == shared.tolist()
    assert shared.max() > 0


def test_painting_covers_the_shape_and_nothing_else():
    """The shape takes its own grey; every other pixel stays."""
    first, last = torch.full((2, 32), 32, dtype=torch.int8), torch.full((2, 32), -1).to(torch.int8)
    first[1, 7], last[1, 7] = 4, 6
    ground = torch.arange(2048).reshape(2, 32, 32).to(torch.uint8)
    expected = ground.clone()
    expected[1, 7, 4:7] = 200
    found = paint(ground, Spans(first, last), torch.tensor([100, 200], dtype=torch.uint8))
    assert (found == expected).all()
