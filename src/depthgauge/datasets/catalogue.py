"""The data sets by name, and where their raw files lie in a project."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from depthgauge.datasets import (
    cifar10,
    fashion_mnist,
    imagenet_archives,
    imagenet_sample,
    mnist,
    receipt,
    tiny_imagenet,
)
from depthgauge.datasets.prepared import Prepared
from depthgauge.datasets.receipt import RawFolder
from depthgauge.datasets.sources import RawSet
from depthgauge.errors import ConfigError


@dataclass(frozen=True)
class DataSet:
    """How a data set comes about: its raw files, and the arrays made of them."""

    raw: RawSet
    prepare: Callable[[RawFolder], Prepared]
    labels: imagenet_archives.Labels | None = None
    """Of a set of photographs, which a user may have as a folder: how its images are labelled."""


def _photographs(raw: RawSet, labels: imagenet_archives.Labels) -> DataSet:
    return DataSet(raw, partial(imagenet_archives.prepare, labels=labels), labels)


SETS = {
    data_set.raw.name: data_set
    for data_set in (
        DataSet(mnist.RAW, mnist.prepare),
        DataSet(imagenet_sample.RAW, imagenet_sample.prepare),
        DataSet(fashion_mnist.RAW, fashion_mnist.prepare),
        DataSet(cifar10.RAW, cifar10.prepare),
        _photographs(imagenet_archives.TINY, tiny_imagenet.labels),
        _photographs(imagenet_archives.IMAGENETTE, imagenet_archives.folder_labels),
        _photographs(imagenet_archives.IMAGENET, imagenet_archives.folder_labels),
    )
}

PINNED = ("mnist", "imagenet_sample")
"""The sets that data.dvc pins and the pipeline uses; they lie in data/raw, all others apart."""

GENERATED = ("shapeset",)
"""Sets without raw files: a program of ours makes them, so there is nothing to fetch."""

PIPELINE = (*PINNED, *GENERATED)
"""The sets that the pipeline prepares."""


def require(names: Iterable[str]) -> None:
    """Raise ConfigError, listing the names there are, unless each of `names` is a data set."""
    for name in names:
        if name not in GENERATED:
            find(name)


def find(name: str) -> DataSet:
    """Return the data set `name`; raises ConfigError listing the names there are."""
    if name not in SETS:
        raise ConfigError(
            f"dataset={name} is unknown; there are {', '.join(sorted((*SETS, *GENERATED)))}"
        )
    return SETS[name]


def raw_folder(root: Path, name: str) -> Path:
    """Return where the raw files of `name` lie."""
    return root / "data" / ("raw" if name in PINNED else "extra") / name


def receipt_path(root: Path, name: str) -> Path:
    """Return where the receipt that lists `name` lies: one for the pinned sets, one for each other.

    data/raw itself holds nothing but data, since data.dvc pins its content.
    """
    if name in PINNED:
        return root / "data" / "receipt.json"
    return raw_folder(root, name) / "receipt.json"


def fetched(root: Path, name: str) -> RawFolder:
    """Return the raw files of `name`; raises DataError when they were not fetched."""
    return receipt.read(receipt_path(root, name), name, raw_folder(root, name))
