"""The public archives' layouts, and the small embedded sample."""

import dataclasses
from functools import partial

import numpy as np
import pytest
from photographs import (
    BIRD,
    FISH,
    jpeg,
    pool,
    write_folder,
    write_tar,
    write_tar_of_tars,
    write_zip,
)

from depthgauge.datasets import imagenet_archives as archives
from depthgauge.datasets import imagenet_sample, tiny_imagenet
from depthgauge.datasets.receipt import RawFolder, fingerprint
from depthgauge.datasets.synset_folders import by_folder
from depthgauge.errors import DataError

prepare_tiny = partial(archives.prepare, labels=tiny_imagenet.labels)


def raw_folder(path, file) -> RawFolder:
    """Return the raw folder of one archive at `path`."""
    return RawFolder("toy", path.parent, "", "", {file: fingerprint(path)[1]})


def tiny(path, rows: str):
    """Write an archive in Tiny-ImageNet's layout, with 22 training images a class."""
    train = {
        f"tiny-imagenet-200/train/{name.replace('/', '/images/')}": content
        for name, content in pool({FISH: 22, BIRD: 22}).items()
    }
    val = {f"tiny-imagenet-200/val/images/val_{n}.JPEG": jpeg(40 * n) for n in range(4)}
    test = {"tiny-imagenet-200/test/images/test_0.JPEG": jpeg()}
    table = {"tiny-imagenet-200/val/val_annotations.txt": rows.encode()}
    boxes = {f"tiny-imagenet-200/train/{FISH}/{FISH}_boxes.txt": b"0 0 62 62"}
    write_zip(path / "tiny-imagenet-200.zip", {**train, **val, **test, **table, **boxes})
    return raw_folder(path / "tiny-imagenet-200.zip", "tiny-imagenet-200.zip")


ROWS = "".join(f"val_{n}.JPEG\t{(FISH, BIRD)[n % 2]}\t0\t0\t62\t62\n" for n in range(4))


def test_tiny_imagenet_uses_training_and_validation_images(tmp_path):
    """22 + 2 images a class; the unlabelled test images are no part of it."""
    data = prepare_tiny(tiny(tmp_path, ROWS))
    assert [len(split.labels) for split in (data.train, data.validation, data.test)] == [40, 4, 4]


def test_missing_validation_image_is_counted(tmp_path):
    """An image that the table names and the archive lacks is named, not skipped."""
    raw = tiny(
        tmp_path, ROWS + f"val_9.JPEG\t{FISH}\t0\t0\t62\t62\nval_8.JPEG\t{BIRD}\t0\t0\t1\t1\n"
    )
    with pytest.raises(DataError, match=r"2 of 50 images.*val/images/val_8\.JPEG"):
        prepare_tiny(raw)
    data = prepare_tiny(dataclasses.replace(raw, unreadable=2))
    assert len(data.notes["unreadable"]) == 2


def val(at, **more):
    """Members of Tiny-ImageNet whose val/ images lie where `at` says; 22 to train on a class."""
    train = {
        f"train/{n.replace('/', '/images/')}": c for n, c in pool({FISH: 22, BIRD: 22}).items()
    }
    images = {at(n, (FISH, BIRD)[n % 2]): jpeg(40 * n) for n in range(4)}
    return {f"tiny-imagenet-200/{name}": c for name, c in {**train, **images, **more}.items()}


TABLE = {"val/val_annotations.txt": ROWS.encode()}


@pytest.mark.parametrize(
    ("at", "more"),
    [
        (lambda n, _: f"val/images/val_{n}.JPEG", TABLE),  # as published
        (lambda n, _: f"val/val_{n}.JPEG", TABLE),
        (lambda n, synset: f"val/{synset}/val_{n}.JPEG", {}),
        (lambda n, synset: f"val/{synset}/images/val_{n}.JPEG", TABLE),
    ],
)
@pytest.mark.parametrize("write", [write_zip, write_folder])
def test_val_is_read_in_every_layout(tmp_path, at, more, write):
    """As published, flat, or sorted by a script: the same greys with the same labels."""
    path = write(tmp_path / "tiny-imagenet-200.zip", val(at, **more))
    data = prepare_tiny(raw_folder(path, path.name))
    assert [len(split.labels) for split in (data.train, data.validation, data.test)] == [40, 4, 4]
    assert (data.notes["photographs"], data.notes["unreadable"]) == (48, [])


def test_unpacked_folder_itself_will_do(tmp_path):
    """Not the folder above it: train/ and val/ are at the top then."""
    members = val(lambda n, _: f"val/images/val_{n}.JPEG", **TABLE)
    write_folder(tmp_path, members)
    inside = tmp_path / "tiny-imagenet-200"
    names = archives.open_archive(inside).names()
    assert len(tiny_imagenet.labels(archives.open_archive(inside), names)) == 48


def test_val_image_without_a_label_is_refused(tmp_path):
    """Nothing says what it shows: it is named, not left out."""
    members = val(lambda n, _: f"val/val_{n}.JPEG")
    path = write_zip(tmp_path / "tiny-imagenet-200.zip", members)
    with pytest.raises(DataError, match=r"4 images of val/ .* have no label .*val/val_0\.JPEG"):
        prepare_tiny(raw_folder(path, path.name))


@pytest.mark.parametrize("rows", ["val_0.JPEG", "\xff\xfe"])
def test_damaged_table_of_labels_is_refused(tmp_path, rows):
    """A table that cannot be read is an error of its own."""
    with pytest.raises(DataError, match="not a table of labels"):
        prepare_tiny(tiny(tmp_path, rows))


def test_imagenette_uses_both_its_folders(tmp_path):
    """imagenette2-160/train/SYNSET and val/SYNSET are one pool."""
    images = list(pool({FISH: 22, BIRD: 22}).items())
    members = {
        f"imagenette2-160/{('train', 'val')[n % 2]}/{x}": c for n, (x, c) in enumerate(images)
    }
    path = write_tar(tmp_path / "imagenette2-160.tgz", members, "w:gz")
    data = archives.prepare(raw_folder(path, "imagenette2-160.tgz"), archives.folder_labels)
    assert len(data.train.labels) == 2 * 18


@pytest.mark.parametrize("write", [write_folder, write_tar_of_tars, write_zip])
def test_own_imagenet_may_be_a_folder_or_an_archive(tmp_path, write):
    """The same photographs give the same data, however they are kept."""
    members = pool({FISH: 22, BIRD: 22})
    write(tmp_path / archives.OWN, members)
    data = archives.prepare(
        raw_folder(tmp_path / archives.OWN, archives.OWN), archives.folder_labels
    )
    assert data.name == "toy"
    assert len(data.train.labels) == 2 * 18
    grey = np.rint(data.train.images.mean(axis=1))
    assert len(set(grey.tolist())) == 36


def test_nearest_synset_folder_labels():
    """Folders above and below do not matter, nor do other files."""
    names = [f"x/{FISH}/images/a.JPEG", f"{BIRD}/b.jpg", f"{BIRD}/boxes.txt", "stray/c.png"]
    assert by_folder(names) == {
        names[0]: FISH,
        names[1]: BIRD,
        "stray/c.png": "stray",
    }


def test_crops_of_a_square_are_all_its_windows():
    """Window (i, j) of the cut starts at pixel (2 i, 2 j)."""
    square = np.arange(41 * 41).reshape(41, 41)
    crops = imagenet_sample.cut(square)
    assert crops.shape == (9, 37 * 37)
    for at in range(9):
        i, j = 2 * (at // 3), 2 * (at % 3)
        assert np.array_equal(crops[at].reshape(37, 37), square[i : i + 37, j : j + 37])


@pytest.fixture
def sample(tmp_path):
    """Stand in for the 20 photographs: each of one grey."""
    for n, (name, *_) in enumerate(imagenet_sample._photographs()):
        (tmp_path / name).write_bytes(jpeg(12 * n, (100, 100)))
    digests = {path.name: fingerprint(path)[1] for path in tmp_path.iterdir()}
    return RawFolder("imagenet_sample", tmp_path, "", "", digests)


def test_sample_is_balanced_over_the_classes_it_has(sample):
    """900 crops each of bird, mammal, furniture, instrument, vehicle, fruit; the rest is noted."""
    data = imagenet_sample.prepare(sample)
    assert [len(split.labels) for split in (data.train, data.validation, data.test)] == [
        6 * 738,
        6 * 81,
        6 * 81,
    ]
    assert data.notes["lacking_classes"] == ["reptile", "fish", "tool", "flower"]
    assert len(np.unique(np.rint(data.train.images.mean(axis=1) / 12))) == 11  # photographs


def test_sample_with_a_damaged_photograph_is_refused(sample, tmp_path):
    """The sentence names the photograph."""
    bad = tmp_path / "imagenet_00_243.jpg"
    bad.write_bytes(b"no jpeg")
    digests = {**sample.digests, bad.name: fingerprint(bad)[1]}
    with pytest.raises(DataError, match=r"imagenet_00_243\.jpg does not decode"):
        imagenet_sample.prepare(dataclasses.replace(sample, digests=digests))
