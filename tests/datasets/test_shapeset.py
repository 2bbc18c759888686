import math

import numpy as np
import pytest
import torch
from scipy import stats

from depthgauge.datasets import shapeset, shapeset_scenes
from depthgauge.datasets.shapeset_philox import philox
from depthgauge.datasets.shapeset_scenes import IDENTITY, PLACEMENT, SCENE, candidates, scenes

COLUMNS = np.arange(32)
CHANCES = np.array([1 / 6] * 3 + [1 / 9] * 3 + [1 / 18] * 3)
"""Of the nine labels as drawn."""


@pytest.fixture(scope="module")
def many():
    """Six thousand scenes of stream 11."""
    indices = torch.arange(6000)
    return scenes(torch.full_like(indices, 11), indices)


def mask(shapes):
    first, last = shapes.first.numpy()[:, :, None], shapes.last.numpy()[:, :, None]
    return (first <= COLUMNS) & (last >= COLUMNS)


# The slow twin: one image, one shape, one pixel at a time; it shares the random words alone.


def words(seed, index, stream, attempt=0):
    found = philox(torch.tensor([seed]), torch.tensor([index]), stream, attempt)
    return [word.item() / 2**32 for word in found]


def slow_shape(seed, index, shape, attempt):
    """Kind, corners and centre in pixels, area, and the random number for grey."""
    u_kind, u_turn, u_rotation, u_grey = words(seed, index, IDENTITY + shape)
    u_across, u_along, u_right, u_down = words(seed, index, PLACEMENT + shape, attempt)
    kind = int(u_kind * 3)
    n = (3, 4, 20)[kind]
    turn = 2 * math.pi * (int(u_turn * (255 // n)) - (255 // n) // 2) / 255
    scales = sorted(32 * (0.2 + 0.6 * u) for u in (u_across, u_along))
    back = math.atan(scales[0] / scales[1] * math.tan(turn))
    angle = 2 * math.pi * int(u_rotation * 255) / 255 - back
    corners = []
    for t in range(n):
        at = 2 * math.pi * (t / n + 1 / (2 * n) + 1 / 4) + turn
        x, y = 0.5 * scales[1] * math.cos(at), 0.5 * scales[0] * math.sin(at)
        turned = (
            x * math.cos(angle) - y * math.sin(angle),
            x * math.sin(angle) + y * math.cos(angle),
        )
        corners.append([round(256 * each) for each in turned])
    shifts = []
    for axis, u in ((0, u_right), (1, u_down)):
        low, high = min(c[axis] for c in corners), max(c[axis] for c in corners)
        shifts.append(256 - low + int(u * (31 * 256 - high - (256 - low))))
    area = scales[0] * scales[1] * n * math.sin(2 * math.pi / n)
    placed = [((x + shifts[0]) / 256, (y + shifts[1]) / 256) for x, y in corners]
    return kind, placed, [shift / 256 for shift in shifts], area, u_grey


def slow_fill(corners):
    """Row by row, edge by edge, on corners without their fractions."""
    corners = [(int(x), int(y)) for x, y in corners]
    filled = np.zeros((32, 32), bool)
    lowest = max(y for _, y in corners)
    for row in range(32):
        columns = []
        for before, after in zip(corners, corners[1:] + corners[:1], strict=True):
            (x1, y1), (x2, y2) = sorted((before, after), key=lambda corner: corner[1])
            if y1 <= row < y2 or y1 < row == y2 == lowest:
                columns.append(x1 + int((row - y1) * (x2 - x1) / (y2 - y1)))
        if columns:
            assert len(columns) == 2
            filled[row, min(columns) : max(columns) + 1] = True
    return filled


def slow_share(old, old_centre, new, new_centre):
    """The share of the new shape that the authors' estimate lays over the old one."""
    x, y = (int(each) for each in old_centre)
    dx, dy = new_centre[0] - x, new_centre[1] - y
    distance = math.hypot(dx, dy)
    reach = max(((a - x) * dx + (b - y) * dy) / distance for a, b in old)
    reach += max(-((a - dx - x) * dx + (b - dy - y) * dy) / distance for a, b in new)
    return max(0, 1 - math.exp(-(reach - distance) / (distance / math.log(2))))


def slow_image(seed, index):
    """Label and image."""
    u_number, u_ground, u_swap, _ = words(seed, index, SCENE)
    dark, light = (lambda u: int(u * 115)), (lambda u: 140 + int(u * 116))
    ground, figure = (light, dark) if u_swap >= 0.5 else (dark, light)
    kind, below, centre, area, u_grey = slow_shape(seed, index, 0, 0)
    layers, kinds = [(below, figure(u_grey))], [kind]
    for attempt in range(50 if u_number >= 0.5 else 0):
        kind, above, place, size, u_grey = slow_shape(seed, index, 1, attempt)
        if size * slow_share(below, centre, above, place) / area <= 0.5:
            layers.append((above, figure(u_grey)))
            kinds.append(kind)
            break
    image = np.full((32, 32), ground(u_ground))
    for corners, grey in layers:
        image[slow_fill(corners)] = grey
    order = ["0", "1", "2", "01", "12", "02", "00", "11", "22"]
    return order.index("".join(map(str, sorted(kinds)))), image


def test_images_follow_the_recipe_step_by_step():
    """Two hundred images against the slow twin, pixel for pixel."""
    images, labels = shapeset.shapeset(5, torch.arange(200))
    for index in range(200):
        label, image = slow_image(5, index)
        assert labels[index] == label
        assert (images[index].reshape(32, 32).numpy() == image).all()


THEIRS = {
    "triangle": (98.1, 6_700),
    "parallelogram": (144.1, 6_700),
    "ellipse": (216.4, 6_700),
    "lower of a pair": (153.8, 20_000),
    "hidden share": (0.121, 20_000),
    "pairs apart": (0.325, 20_000),
    "hidden above a quarter": (0.196, 20_000),
    "distance": (10.23, 20_000),
    "std within an image": (0.4157, 40_000),
}
"""Means over 40,000 images of the authors' program, and how many images each is a mean of.

The program was run from its source (Shapeset: polygongen.py) with pygame 1.8.1's fill.
"""


def test_scenes_are_those_of_the_authors_program(many):
    """Areas, overlap and contrast agree with 40,000 of theirs within 3.5 standard errors."""
    lower, upper = map(mask, many.shapes)
    labels, area = many.labels.numpy(), lower.sum((1, 2))
    pairs = labels > 2
    hidden = (lower & upper).sum((1, 2))[pairs] / area[pairs]
    images = shapeset.shapeset(11, torch.arange(len(labels)))[0].numpy() / 127.5 - 1
    found = {
        **{name: area[labels == kind] for kind, name in enumerate(list(THEIRS)[:3])},
        "lower of a pair": area[pairs],
        "hidden share": hidden,
        "pairs apart": hidden == 0,
        "hidden above a quarter": hidden > 0.25,
        "distance": np.hypot(*(middle(upper[pairs]) - middle(lower[pairs]))),
        "std within an image": images.std(1),
    }
    for name, (mean, count) in THEIRS.items():
        error = found[name].std() * math.sqrt(1 / len(found[name]) + 1 / count)
        assert abs(found[name].mean() - mean) < 3.5 * error, name


def middle(masks):
    """The mean column and row of the pixels of each mask: (2, n)."""
    row, column = np.mgrid[:32, :32]
    return np.stack([(masks * each).sum((1, 2)) for each in (column, row)]) / masks.sum((1, 2))


def test_any_split_of_a_stream_gives_the_same_bytes(monkeypatch):
    """Batches, chunks, order and companions change no pixel and no label."""
    images, labels = shapeset.shapeset(3, torch.arange(300))
    order = torch.randperm(300, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(shapeset, "CHUNK", 37)
    mixed_images, mixed_labels = shapeset.shapeset(3, order)
    assert torch.equal(mixed_images, images[order])
    assert torch.equal(mixed_labels, labels[order])
    for index in (0, 17, 299):
        image, label = shapeset.shapeset(3, torch.tensor([index]))
        assert torch.equal(image[0], images[index])
        assert label[0] == labels[index]


def test_two_threads_give_the_same_bytes():
    """Threads share the work, never a rounding."""
    images, labels = shapeset.shapeset(8, torch.arange(400))
    torch.set_num_threads(2)
    try:
        again = shapeset.shapeset(8, torch.arange(400))
    finally:
        torch.set_num_threads(1)
    assert torch.equal(again[0], images)
    assert torch.equal(again[1], labels)


def test_several_streams_at_once():
    """A tensor of seeds takes each image from its own stream, and streams differ."""
    indices = torch.tensor([4, 4, 2**40, 9])
    images, labels = shapeset.shapeset(torch.tensor([0, 1, 1, 7]), indices)
    for k, (seed, index) in enumerate(((0, 4), (1, 4), (1, 2**40), (7, 9))):
        image, label = shapeset.shapeset(seed, torch.tensor([index]))
        assert torch.equal(image[0], images[k])
        assert label[0] == labels[k]
    assert len(images.unique(dim=0)) == 4


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_gives_the_same_bytes():
    """The same images on both devices, bit for bit."""
    indices = torch.arange(3000)
    ours, theirs = shapeset.shapeset(2, indices), shapeset.shapeset(2, indices.cuda())
    assert all(torch.equal(a, b.cpu()) for a, b in zip(ours, theirs, strict=True))


def test_a_pool_is_a_range_of_the_stream():
    """uint8 arrays; ranges join without a seam, and an empty one is empty."""
    images, labels = shapeset.pool(1, 30)
    later = shapeset.pool(1, 10, first=20)
    assert images.shape == (30, 1024)
    assert images.dtype == labels.dtype == np.uint8
    assert (later[0] == images[20:]).all()
    assert (later[1] == labels[20:]).all()
    assert shapeset.pool(1, 0)[0].shape == (0, 1024)


def test_labels_are_drawn_with_the_exact_chances(many):
    """1/6 for the singles, 1/9 for mixed pairs, 1/18 for equal pairs, before rejections."""
    counts = np.bincount(many.drawn.numpy(), minlength=9)
    assert stats.chisquare(counts, CHANCES * counts.sum()).pvalue > 1e-3


def test_every_purpose_has_its_own_stream():
    """Scene, identities and placements of both shapes share no random word."""
    streams = [SCENE, *(purpose + shape for purpose in (IDENTITY, PLACEMENT) for shape in (0, 1))]
    assert len(set(streams)) == 5


def test_ordered_pairs_of_kinds_are_equally_likely():
    """Neither place prefers a kind: nine ordered pairs, independent of the number drawn."""
    seeds, indices = torch.zeros(9000, dtype=torch.long), torch.arange(9000)
    kinds = [philox(seeds, indices, IDENTITY + place)[0] * 3 >> 32 for place in (0, 1)]
    assert stats.chisquare(np.bincount((3 * kinds[0] + kinds[1]).numpy())).pvalue > 1e-3


def test_shapes_stay_inside_the_frame(many):
    """Every corner at least 1 pixel from the edge, at every attempt, and so every raster."""
    indices = torch.arange(2000)
    for shape, attempt in ((0, 0), (1, 0), (1, 50)):
        corners = candidates(torch.zeros_like(indices), indices, shape, attempt).corners
        assert corners.min() >= 1 * 256
        assert corners.max() < 31 * 256
    for shapes in many.shapes:
        covered = mask(shapes).any(0)
        assert not covered[[0, 31]].any() and not covered[:, [0, 31]].any()
        assert covered[1:31, 1:31].mean() > 0.95


def test_positions_are_uniform_over_the_free_room():
    """Along each axis the share of the room to the left of a shape is uniform on [0, 1]."""
    indices = torch.arange(4000)
    corners = candidates(torch.zeros_like(indices), indices, 0).corners / 256
    before, after = corners.amin(2) - 1, 31 - corners.amax(2)
    for axis in (0, 1):
        share = before[:, axis] / (before + after)[:, axis]
        assert stats.kstest(share.numpy(), "uniform").pvalue > 1e-3


def test_a_pair_shows_two_shapes_a_single_one(many):
    """The upper shape has pixels where the label is a pair's, and there alone."""
    upper = mask(many.shapes[1])
    assert (upper.any((1, 2)) == (many.labels.numpy() > 2)).all()


def test_without_room_an_image_keeps_one_shape_and_its_label(monkeypatch):
    """With no second try, the pairs whose first try hides too much fall back to the lower kind."""
    indices = torch.arange(3000)
    assert shapeset.fallback_share(0, indices) == 0
    usual = scenes(torch.zeros_like(indices), indices)
    monkeypatch.setattr(shapeset_scenes, "ATTEMPTS", 1)
    found = scenes(torch.zeros_like(indices), indices)
    fallen = (found.labels != found.drawn).numpy()
    upper = mask(found.shapes[1])
    kinds = philox(torch.zeros_like(indices), indices, IDENTITY)[0] * 3 >> 32
    assert torch.equal(found.drawn, usual.drawn)
    assert (found.labels[fallen] == kinds[fallen]).all()
    assert not upper[fallen].any()
    assert (upper[~fallen] == mask(usual.shapes[1])[~fallen]).all()
    pairs = (found.drawn > 2).sum().item()
    assert shapeset.fallback_share(0, indices) == pytest.approx(fallen.sum() / pairs)
    assert 0.3 < fallen.sum() / pairs < 0.5


@pytest.mark.parametrize("attempts", [50, 2])
def test_a_gpu_draws_the_same_scenes_unasked(attempts, monkeypatch):
    """Every attempt for all images, or only where it is needed: the same, fallbacks included."""
    monkeypatch.setattr(shapeset_scenes, "ATTEMPTS", attempts)
    indices = torch.arange(3000)
    seeds, wanted = torch.full_like(indices, 5), indices % 2 == 0
    lower = candidates(seeds, indices, 0)
    asked = shapeset_scenes._upper_corners(seeds, indices, lower, wanted)
    unasked = shapeset_scenes._upper_corners_unasked(seeds, indices, lower, wanted)
    assert all(torch.equal(one, other) for one, other in zip(asked, unasked, strict=True))
    assert (asked[1] != wanted).any() == (attempts == 2)


def test_a_gpu_is_asked_for_no_number():
    """On tensors without values, as a stand-in for a GPU that would have to be waited for."""
    indices = torch.arange(20_000, device="meta")
    images, labels = shapeset.shapeset(torch.zeros_like(indices), indices)
    assert images.shape == (20_000, 1024) and labels.shape == (20_000,)
    lower = candidates(indices, indices, 0)
    with pytest.raises(NotImplementedError):  # the processor's way would ask
        shapeset_scenes._upper_corners(indices, indices, lower, indices > 0)


def test_greys_are_uniform_on_two_ranges_swapped_half_the_time(many):
    """0..114 against 140..255; ground on either side, both shapes on the other, all independent."""
    ground, lower, upper = (each.numpy() for each in (many.ground, *many.greys))
    light = ground >= 140
    assert stats.binomtest(int(light.sum()), len(light)).pvalue > 1e-3
    for figure in (lower, upper):
        assert ((figure >= 140) != light).all()
    for level in (ground, lower, upper):
        counts = np.bincount(level, minlength=256)
        assert counts[115:140].sum() == 0
        assert stats.chisquare(counts[:115]).pvalue > 1e-3
        assert stats.chisquare(counts[140:]).pvalue > 1e-3
    assert abs(np.corrcoef(lower[light], upper[light])[0, 1]) < 4 / math.sqrt(light.sum())


def test_later_shapes_are_drawn_over_earlier_ones(many):
    """Ground where no shape is, the lower grey beside the upper shape, the upper grey on it."""
    images, labels = shapeset.shapeset(11, torch.arange(6000))
    images = images.reshape(-1, 32, 32).numpy()
    lower, upper = map(mask, many.shapes)
    ground, *greys = (each.numpy()[:, None, None] for each in (many.ground, *many.greys))
    expected = np.where(upper, greys[1], np.where(lower, greys[0], ground))
    assert (images == expected).all()
    assert (labels == many.labels).all()
