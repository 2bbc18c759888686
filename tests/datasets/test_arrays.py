"""A user's own arrays become uint8 where it is plain what they mean; else one sentence."""

import numpy as np
import pytest
import torch

from depthgauge.datasets.prepared import Split, assemble, load, path_of, write
from depthgauge.errors import DataError

GREYS = np.random.default_rng(0).integers(0, 256, (30, 6)).astype(np.uint8)
GREYS[0, :2] = 0, 255
LABELS = (np.arange(30) % 3).astype(np.uint8)
PARTS = {"train": slice(0, 20), "validation": slice(20, 25), "test": slice(25, 30)}


def assembled(images=GREYS, labels=LABELS, shape=(2, 3), classes=("a", "b", "c")):
    """A data set of these arrays, in three parts."""
    splits = {name: Split(images[part], labels[part]) for name, part in PARTS.items()}
    return assemble("toy", shape, classes, splits)


@pytest.mark.parametrize(
    "images",
    [
        GREYS.astype(np.int64),
        GREYS.astype(np.float64),
        GREYS / 255,
        (GREYS / 255).astype(np.float32),
        GREYS.reshape(-1, 2, 3),
        GREYS.reshape(-1, 1, 2, 3),
        np.asfortranarray(GREYS),
        GREYS.tolist(),
        torch.from_numpy(GREYS),
    ],
)
def test_images_that_mean_the_same_are_the_same_set(images, tmp_path):
    """Whole numbers, fractions, any layout: the hash of the uint8 arrays, and it can be read."""
    data = assembled(images=images)
    assert data.hash == assembled().hash
    write(data, path_of(tmp_path, "toy"))
    assert np.array_equal(load(tmp_path, "toy").train.images, GREYS[:20])


@pytest.mark.parametrize(
    "labels",
    [
        LABELS.astype(np.int64),
        LABELS.astype(np.float32),
        LABELS[:, None],
        np.eye(3)[LABELS],
        np.eye(3, dtype=bool)[LABELS],
        np.array(["a", "b", "c"])[LABELS],
        LABELS.tolist(),
        torch.from_numpy(LABELS).long(),
    ],
)
def test_labels_that_mean_the_same_are_the_same_set(labels, tmp_path):
    """Any type of number, a column, one-hot rows, names of the classes."""
    data = assembled(labels=labels)
    assert data.hash == assembled().hash
    write(data, path_of(tmp_path, "toy"))
    assert np.array_equal(load(tmp_path, "toy").test.labels, LABELS[25:])


def test_fractions_of_a_split_are_judged_with_the_others():
    """A test split that happens to be all black and white is scaled as the rest is."""
    images = GREYS / 255
    images[25:] = np.rint(images[25:])
    assert set(np.unique(assembled(images=images).test.images)) == {0, 255}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"shape": (28, 28)}, r"train split of toy are of 6 values.*\(28, 28\) asks for 784"),
        ({"images": GREYS[:, 0], "shape": (1,)}, "single values"),
        ({"images": GREYS / 100}, "float64 of shape 20x6 with values from 0 to 2.55; give whole"),
        ({"images": GREYS / 255 - 0.5}, "values from -0.5 to 0.5"),
        ({"images": GREYS.astype(np.int64) * 256}, "values from 0 to 65280"),
        ({"images": np.full((30, 6), np.nan)}, "values from nan"),
        ({"images": GREYS.astype(str)}, "<U3"),
        ({"labels": LABELS + 1}, "values from 1 to 3; its 3 classes are the whole numbers from 0"),
        ({"labels": LABELS.astype(np.int8) - 1}, "values from -1 to 1"),
        ({"labels": LABELS + 0.5}, "values from 0.5"),
        ({"labels": np.eye(3)[LABELS] / 2}, "shape 20x3"),
        ({"labels": np.array(["a", "b", "x"])[LABELS]}, "<U1"),
        ({"classes": [str(n) for n in range(257)]}, "257 classes; 256 are the most"),
    ],
)
def test_what_is_not_plain_is_refused(changes, reason):
    """The sentence says what the arrays are and what is wanted."""
    with pytest.raises(DataError, match=reason):
        assembled(**changes)


def test_counts_must_agree():
    """More labels than images, none at all, or a missing split."""
    some = Split(GREYS[:5], LABELS[:5])
    three = dict.fromkeys(PARTS, some)
    for wrong in (Split(GREYS[:5], LABELS[:6]), Split(GREYS[:0], LABELS[:0])):
        with pytest.raises(DataError, match=r"test split of toy has \d images and \d labels"):
            assemble("toy", (2, 3), "abc", {**three, "test": wrong})
    with pytest.raises(DataError, match="lacks the split test"):
        assemble("toy", (2, 3), "abc", {"train": some, "validation": some})
