"""CIFAR-10, binary version: 32x32 colour photographs, 40,000 / 10,000 / 10,000.

Four batches train, the fifth validates, the test batch tests. Source: Krizhevsky, "Learning
multiple layers of features from tiny images" (2009); split: Glorot and Bengio, section 2.2.
"""

import numpy as np

from depthgauge.datasets.archives import open_archive
from depthgauge.datasets.prepared import Prepared, Split, assemble
from depthgauge.datasets.receipt import RawFolder
from depthgauge.datasets.sources import Download, RawFile, RawSet
from depthgauge.errors import DataError

ARCHIVE = "cifar-10-binary.tar.gz"
NAMES = "airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck"
CLASSES = tuple(NAMES.split(", "))
RECORD = 1 + 3 * 32 * 32
"""Bytes of an example: its label, then 1,024 red, 1,024 green, 1,024 blue values, row by row."""
BATCHES = {
    "train": ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4"),
    "validation": ("data_batch_5",),
    "test": ("test_batch",),
}

RAW = RawSet(
    "cifar10",
    origin="https://www.cs.toronto.edu/~kriz/cifar.html",
    licence="none stated; A. Krizhevsky asks to cite the report",
    files=(
        RawFile(
            ARCHIVE,
            "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            170_052_171,
            (Download(f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}"),),
        ),
    ),
)


def prepare(raw: RawFolder) -> Prepared:
    """Return CIFAR-10 with 3,072 inputs; raises DataError when the archive is not right."""
    archive = open_archive(raw.path(ARCHIVE))
    names = {
        batch: f"cifar-10-batches-bin/{batch}.bin" for some in BATCHES.values() for batch in some
    }
    contents = dict(archive.read(set(names.values()) & set(archive.names())))
    splits = {}
    for split, batches in BATCHES.items():
        parts = [parse(contents.get(names[batch]), batch, raw) for batch in batches]
        splits[split] = Split(
            np.concatenate([part.images for part in parts]),
            np.concatenate([part.labels for part in parts]),
        )
    return assemble("cifar10", (3, 32, 32), CLASSES, splits)


def parse(content: bytes | None, batch: str, raw: RawFolder) -> Split:
    """Return the examples of one batch; raises DataError when it is missing or cut off."""
    if not content or len(content) % RECORD:
        raise DataError(
            f"{raw.folder / ARCHIVE} has no sound {batch}.bin (whole records of {RECORD} bytes);"
            f" {raw.advice()}"
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
    return Split(records[:, 1:], records[:, 0])
