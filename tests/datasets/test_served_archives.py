"""CIFAR-10, Fashion-MNIST and Tiny-ImageNet, small, over HTTP: from a host to the prepared file."""

import dataclasses
import gzip
import struct

import numpy as np
import pytest
from photographs import BIRD, FISH, pool, write_tar, write_zip

from depthgauge.datasets import catalogue, cifar10, imagenet_archives, receipt
from depthgauge.datasets.content import digest_of
from depthgauge.datasets.fetch import Fetcher
from depthgauge.datasets.prepare import prepare
from depthgauge.datasets.prepared import load
from depthgauge.datasets.transfer import open_session


def cifar_files(folder):
    """Write an archive of six batches of four records; return its path."""
    batches = [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]
    records = b"".join(bytes([label]) + bytes(3072) for label in range(4))
    members = {f"cifar-10-batches-bin/{name}.bin": records for name in batches}
    return [write_tar(folder / cifar10.ARCHIVE, members, "w:gz")]


def fashion_files(folder):
    """Write four gzip files: 10,002 training and 3 test images of one grey."""
    paths = []
    for prefix, n in (("train", 10_002), ("t10k", 3)):
        values = (np.arange(n) % 10).astype(np.uint8)
        for part, head, each in (
            ("images-idx3", struct.pack(">4I", 0x803, n, 28, 28), 784),
            ("labels-idx1", struct.pack(">2I", 0x801, n), 1),
        ):
            paths.append(folder / f"{prefix}-{part}-ubyte.gz")
            paths[-1].write_bytes(gzip.compress(head + values.repeat(each).tobytes(), 1))
    return paths


def tiny_files(folder):
    """Write an archive with 22 photographs of two classes."""
    members = {f"tiny-imagenet-200/train/{n}": c for n, c in pool({FISH: 22, BIRD: 22}).items()}
    return [write_zip(folder / imagenet_archives.TINY.files[0].name, members)]


@pytest.mark.parametrize(
    ("name", "write", "sizes"),
    [
        ("cifar10", cifar_files, (16, 4, 4)),
        ("fashion_mnist", fashion_files, (2, 10_000, 3)),
        ("tiny_imagenet", tiny_files, (36, 4, 4)),
    ],
)
def test_small_archive_goes_all_the_way(name, write, sizes, server, tmp_path, monkeypatch):
    """Served, fetched, verified, listed, prepared, loaded."""
    paths = {path.name: path for path in write(tmp_path)}
    data_set = catalogue.find(name)
    files = []
    for file in data_set.raw.files:
        path = paths[file.name]
        digest, size = digest_of(path, "sha256"), path.stat().st_size
        files.append(dataclasses.replace(file, digest=digest, size=size))
        server.serve(file.name, path.read_bytes())
    raw = dataclasses.replace(data_set.raw, files=tuple(files))
    monkeypatch.setitem(catalogue.SETS, name, dataclasses.replace(data_set, raw=raw))

    folder = catalogue.raw_folder(tmp_path, name)
    (tmp_path / "scratch").mkdir()
    with open_session() as session:
        Fetcher(session, tmp_path / "scratch", server.url).fetch(raw, folder)
    receipt.write(catalogue.receipt_path(tmp_path, name), {raw: folder})
    prepare(tmp_path, name)
    data = load(tmp_path, name)
    assert tuple(len(split.labels) for split in (data.train, data.validation, data.test)) == sizes
    assert data.name == name
    assert data.notes["licence"] == raw.licence
