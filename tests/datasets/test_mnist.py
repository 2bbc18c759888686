"""MNIST's split is the published one; tried on a small pair of files of the same form."""

import gzip
import struct

import numpy as np
import pytest

from depthgauge.datasets import fashion_mnist, mnist
from depthgauge.datasets.receipt import RawFolder
from depthgauge.files import sha256


@pytest.fixture
def raw(tmp_path):
    """Write 12,345 training and 10 test images of one grey: the low byte of their number."""
    digests = {}
    for prefix, n in (("train", 12_345), ("t10k", 10)):
        number = np.arange(n)
        for part, head, values in (
            ("images-idx3", struct.pack(">4I", 0x803, n, 28, 28), np.repeat(number % 256, 784)),
            ("labels-idx1", struct.pack(">2I", 0x801, n), number % 10),
        ):
            path = tmp_path / f"{prefix}-{part}-ubyte"
            path.write_bytes(head + values.astype(np.uint8).tobytes())
            digests[path.name] = sha256(path)
    return RawFolder("mnist", tmp_path, "", "", digests)


def test_last_ten_thousand_of_the_training_file_validate(raw):
    """Train, validation and test are taken in the files' order, never mixed."""
    data = mnist.prepare(raw)
    number = np.arange(12_345)
    assert np.array_equal(data.train.images[:, 0], number[:2345] % 256)
    assert np.array_equal(data.train.labels, number[:2345] % 10)
    assert np.array_equal(data.validation.images[:, 0], number[2345:] % 256)
    assert np.array_equal(data.validation.labels, number[2345:] % 10)
    assert np.array_equal(data.test.labels, number[:10])


def test_raw_files_are_the_four_published_ones():
    """Names, and sizes as the format demands: header and 60,000 and 10,000 images of 28x28."""
    sizes = {file.name: file.size for file in mnist.RAW.files}
    assert sizes == {
        "train-images-idx3-ubyte": 16 + 60_000 * 28 * 28,
        "train-labels-idx1-ubyte": 8 + 60_000,
        "t10k-images-idx3-ubyte": 16 + 10_000 * 28 * 28,
        "t10k-labels-idx1-ubyte": 8 + 10_000,
    }


def test_fashion_mnist_is_read_from_its_gzip_files(raw, tmp_path):
    """The same form and split, kept packed as published."""
    for name in list(raw.digests):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
    digests = {f"{name}.gz": sha256(tmp_path / f"{name}.gz") for name in raw.digests}
    packed = RawFolder("fashion_mnist", tmp_path, "", "", digests)
    fashion, digits = fashion_mnist.prepare(packed), mnist.prepare(raw)
    assert fashion.hash == digits.hash
    assert (fashion.name, fashion.classes[9]) == ("fashion_mnist", "ankle boot")
