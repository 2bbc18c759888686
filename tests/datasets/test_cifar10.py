"""CIFAR-10's binary batches, on a small archive of the same form."""

import numpy as np
import pytest
from photographs import write_tar

from depthgauge.datasets import cifar10
from depthgauge.datasets.receipt import RawFolder
from depthgauge.errors import DataError
from depthgauge.files import sha256

BATCHES = [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]


def raw_with(path, batches: dict[str, bytes]) -> RawFolder:
    """Write an archive of these batches."""
    members = {f"cifar-10-batches-bin/{name}.bin": content for name, content in batches.items()}
    archive = write_tar(
        path / cifar10.ARCHIVE, {**members, "cifar-10-batches-bin/x.txt": b"x"}, "w:gz"
    )
    return RawFolder("cifar10", path, "", "", {cifar10.ARCHIVE: sha256(archive)})


def batch(number: int) -> bytes:
    """Return three records: labels 0, 1, 2; red, green and blue tell batch, record, 7."""
    records = (bytes([n]) + bytes([number] * 1024 + [n] * 1024 + [7] * 1024) for n in range(3))
    return b"".join(records)


def test_four_batches_train_and_the_fifth_validates(tmp_path):
    """In the order of the batches; an image is three planes of 1,024 values."""
    raw = raw_with(tmp_path, {name: batch(n) for n, name in enumerate(BATCHES)})
    data = cifar10.prepare(raw)
    assert data.shape == (3, 32, 32)
    assert data.train.images[:, 0].tolist() == [n for n in range(4) for _ in range(3)]
    assert data.validation.images[:, 0].tolist() == [4] * 3
    assert data.test.images[:, 0].tolist() == [5] * 3
    assert data.test.labels.tolist() == [0, 1, 2]
    picture = data.test.images[2].reshape(data.shape)
    assert [np.unique(plane).tolist() for plane in picture] == [[5], [2], [7]]


@pytest.mark.parametrize("content", [None, b"", batch(0)[:-1]])
def test_missing_or_cut_off_batch_is_refused(tmp_path, content):
    """The sentence names the batch."""
    batches = {name: batch(n) for n, name in enumerate(BATCHES)}
    batches |= {"data_batch_3": content} if content is not None else {}
    if content is None:
        del batches["data_batch_3"]
    with pytest.raises(DataError, match=r"no sound data_batch_3\.bin.*dataset=cifar10"):
        cifar10.prepare(raw_with(tmp_path, batches))
