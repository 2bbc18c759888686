"""IDX files, written here by hand from the format's description."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depthgauge.datasets.idx import parse, read_split
from depthgauge.datasets.receipt import RawFolder
from depthgauge.errors import DataError
from depthgauge.files import sha256


def idx(array: np.ndarray) -> bytes:
    """Return an array of bytes in IDX form."""
    head = bytes([0, 0, 8, array.ndim]) + b"".join(struct.pack(">I", n) for n in array.shape)
    return head + array.astype(np.uint8).tobytes()


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.integers(0, 255))
def test_values_come_back_in_their_shape(shape, first):
    """Any shape: what was written row by row is read so."""
    array = (np.arange(np.prod(shape)).reshape(shape) + first) % 256
    assert np.array_equal(parse(idx(array), "x"), array)
    assert parse(idx(array), "x").dtype == np.uint8


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an IDX file"),
        (b"\0\0\x08", "not an IDX file"),
        (b"\0\0\x0d\x01\0\0\0\x01\0\0\0\0", "not an IDX file"),  # floats
        (b"\x1f\x8b\x08\x00" + b"x" * 20, "not an IDX file"),  # a gzip
        (b"\0\0\x08\x00", "not an IDX file"),
        (b"\0\0\x08\x03\0\0\0\x01\0\0", "ends within its header"),
        (idx(np.zeros((3, 4)))[:-1], "states 3x4 values but has 11"),
        (idx(np.zeros((3, 4))) + b"x", "states 3x4 values but has 13"),
        (b"\0\0\x08\x02" + b"\xff" * 8 + b"x", "states 4294967295x4294967295 values"),
    ],
)
def test_wrong_magic_size_or_tail_is_refused(content, reason):
    """What does not fit the format is refused, naming the file."""
    with pytest.raises(DataError, match=f"the/file.*{reason}|the/file {reason}"):
        parse(content, "the/file")


def test_images_and_labels_must_match(tmp_path):
    """Two images for three labels are refused."""
    raw = folder_of(tmp_path, np.zeros((2, 4, 4)), np.zeros(3))
    with pytest.raises(DataError, match="t10k-images"):
        read_split(raw, "t10k")


def test_pair_becomes_a_split_of_rows(tmp_path):
    """Images become rows of features."""
    images = np.arange(32).reshape(2, 4, 4)
    split = read_split(folder_of(tmp_path, images, np.array([7, 1])), "t10k")
    assert split.images.tolist() == [list(range(16)), list(range(16, 32))]
    assert split.labels.tolist() == [7, 1]


def folder_of(folder, images, labels) -> RawFolder:
    """Write a pair of IDX files and return the folder with their digests."""
    files = {"t10k-images-idx3-ubyte": images, "t10k-labels-idx1-ubyte": labels}
    for name, array in files.items():
        (folder / name).write_bytes(idx(array))
    return RawFolder("toy", folder, "", "", {name: sha256(folder / name) for name in files})
