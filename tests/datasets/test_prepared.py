"""A prepared file gives back what was written, maps it, and says when it cannot."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from depthgauge.datasets.prepared import Split, assemble, load, path_of, write
from depthgauge.errors import DataError


def toy(**changes):
    """Return a small data set of 3 classes."""
    rng = np.random.default_rng(0)
    splits = {
        name: Split(rng.integers(0, 256, (n, 6), np.uint8), rng.integers(0, 3, n).astype(np.uint8))
        for name, n in (("train", 7), ("validation", 3), ("test", 2))
    }
    return assemble("toy", (2, 3), ("a", "b", "c"), {**splits, **changes})


def test_written_data_come_back(tmp_path):
    """Every field survives, including what later readers should know."""
    data = replace(toy(), notes={"licence": "free"})
    write(data, path_of(tmp_path, "toy"))
    back = load(tmp_path, "toy")
    for split in ("train", "validation", "test"):
        assert np.array_equal(getattr(back, split).images, getattr(data, split).images)
        assert np.array_equal(getattr(back, split).labels, getattr(data, split).labels)
    same = ("name", "shape", "classes", "hash", "notes")
    assert [getattr(back, key) for key in same] == [getattr(data, key) for key in same]


def test_arrays_are_mapped_not_read(tmp_path):
    """The arrays of one file share one mapping of it, and writing to them alters no file."""
    write(toy(), path_of(tmp_path, "toy"))
    before = path_of(tmp_path, "toy").read_bytes()
    back = load(tmp_path, "toy")
    base = back.train.images
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    assert type(base).__name__ == "mmap"
    back.train.images[:] = 0
    assert path_of(tmp_path, "toy").read_bytes() == before


def test_file_is_plain_safetensors(tmp_path):
    """Other tools can read it: the tensors have the documented names and shapes."""
    data = toy()
    write(data, path_of(tmp_path, "toy"))
    tensors = load_file(path_of(tmp_path, "toy"))
    assert {name: tensor.shape for name, tensor in tensors.items()} == {
        "train_images": (7, 6),
        "train_labels": (7,),
        "validation_images": (3, 6),
        "validation_labels": (3,),
        "test_images": (2, 6),
        "test_labels": (2,),
    }
    assert np.array_equal(tensors["validation_labels"], data.validation.labels)


def test_same_data_give_the_same_bytes(tmp_path):
    """The file is reproducible, so DVC sees no change."""
    write(toy(), tmp_path / "a")
    write(toy(), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("split", ["train", "validation", "test"])
@pytest.mark.parametrize("part", ["images", "labels"])
def test_hash_depends_on_every_tensor(split, part):
    """One changed value anywhere is other data."""
    old = getattr(toy(), split)
    changed = getattr(old, part).copy()
    changed.flat[0] = (changed.flat[0] + 1) % 3
    assert toy(**{split: replace(old, **{part: changed})}).hash != toy().hash


def test_label_that_is_no_class_is_refused():
    """Three classes know no label 3."""
    with pytest.raises(DataError, match=r"labels of toy .* from 0 to 3; its 3 classes"):
        toy(test=Split(np.zeros((1, 6), np.uint8), np.array([3], np.uint8)))


def test_missing_file_says_what_to_run(tmp_path):
    """The sentence has the two commands."""
    with pytest.raises(DataError, match=r"fetch dataset=toy.*prepare dataset=toy.*dvc repro"):
        load(tmp_path, "toy")


def damage_header(path):
    path.write_bytes(b"\xff" * 8 + path.read_bytes()[8:])


def damage_pixel(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-1])


def empty(path):
    path.write_bytes(b"")


def strip_metadata(path):
    save_file(load_file(path), path, {"depthgauge": json.dumps({"format": 1})})


@pytest.mark.parametrize("damage", [damage_header, damage_pixel, cut_short, empty, strip_metadata])
def test_damaged_file_is_refused(tmp_path, damage):
    """Whatever is damaged, the sentence names the file and the commands, and nothing is loaded."""
    path = path_of(tmp_path, "toy")
    write(toy(), path)
    damage(path)
    with pytest.raises(DataError, match=r"toy\.safetensors is damaged.*prepare dataset=toy"):
        load(tmp_path, "toy")


def test_other_version_is_refused(tmp_path):
    """A file of another format version is not misread."""
    path = path_of(tmp_path, "toy")
    write(toy(), path)
    save_file(load_file(path), path, {"depthgauge": json.dumps({"format": 2})})
    with pytest.raises(DataError, match=r"format 1 \(found 2\).*prepare dataset=toy"):
        load(tmp_path, "toy")
