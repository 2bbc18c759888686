"""A prepared data set: three splits of uint8 images in one file that is memory-mapped.

The file is a safetensors file with the tensors SPLIT_images (n, features) and SPLIT_labels (n,)
for SPLIT in train, validation, test, and one metadata entry, "depthgauge": JSON.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from depthgauge.datasets.arrays import as_images, as_labels
from depthgauge.errors import DataError
from depthgauge.files import write_bytes

FORMAT = 1
"""Version of the file format; a reader refuses any other."""

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Images and their classes, in the order of the source."""

    images: np.ndarray
    """(n, features) uint8, 0 is black."""
    labels: np.ndarray
    """(n,) uint8, an index into the classes."""


@dataclass(frozen=True)
class Prepared:
    """A data set ready for training."""

    name: str
    shape: tuple[int, ...]
    """Of one image: (rows, columns), or (channels, rows, columns)."""
    classes: tuple[str, ...]
    hash: str
    """sha256 over the tensors; part of the key of whatever is computed from them."""
    train: Split
    validation: Split
    test: Split
    notes: dict[str, Any] = field(default_factory=dict)
    """Origin, licence, and what a reader should know of how it was made."""


def assemble(
    name: str, shape: Sequence[int], classes: Sequence[str], splits: Mapping[str, Split]
) -> Prepared:
    """Return the data set of these splits, with its hash.

    Images and labels may be of any kind that `arrays` takes. Raises DataError where it refuses
    one, and when a split is missing, empty, or has another number of labels than images.
    """
    shape, classes = tuple(shape), tuple(map(str, classes))
    if missing := [split for split in SPLITS if split not in splits]:
        raise DataError(f"{name} lacks the split {missing[0]}; give {', '.join(SPLITS)}")
    images = {split: np.asarray(splits[split].images) for split in SPLITS}
    labels = {split: np.asarray(splits[split].labels) for split in SPLITS}
    for split in SPLITS:
        counts = [len(np.atleast_1d(each[split])) for each in (images, labels)]
        if counts[0] != counts[1] or not counts[0]:
            raise DataError(
                f"the {split} split of {name} has {counts[0]} images and {counts[1]} labels;"
                " give one label for each image, and one image at least"
            )
    images, labels = as_images(images, shape, name), as_labels(labels, classes, name)
    held = {
        split: Split(np.ascontiguousarray(images[split]), np.ascontiguousarray(labels[split]))
        for split in SPLITS
    }
    train, validation, test = held.values()
    return Prepared(name, shape, classes, _hash(_tensors(held)), train, validation, test)


def identity(prepared: Prepared) -> dict[str, Any]:
    """Return what the record of a run says of its data."""
    images = len(prepared.test.labels)
    return {"name": prepared.name, "hash": prepared.hash, "test_images": images}


def path_of(root: Path, name: str) -> Path:
    """Return where the prepared data set `name` of a project lies."""
    return root / "data" / "prepared" / f"{name}.safetensors"


def write(prepared: Prepared, path: Path) -> None:
    """Write `prepared` to `path`, whole or not at all; the same data gives the same bytes."""
    meta = {
        "format": FORMAT,
        "name": prepared.name,
        "shape": prepared.shape,
        "classes": prepared.classes,
        "hash": prepared.hash,
        "notes": prepared.notes,
    }
    tensors = _tensors({split: getattr(prepared, split) for split in SPLITS})
    write_bytes(path, save(tensors, {"depthgauge": json.dumps(meta, sort_keys=True)}))


def load(root: Path, name: str) -> Prepared:
    """Return the prepared data set `name`, memory-mapped; writing to its arrays alters no file.

    Raises DataError when it is missing, damaged or of another format version.
    """
    path = path_of(root, name)
    again = f"`depthgauge fetch dataset={name}` and `depthgauge prepare dataset={name}`"
    try:
        meta, tensors = _map(path)
        if meta.get("format") != FORMAT:
            raise DataError(
                f"{path} is not a prepared data set of format {FORMAT}"
                f" (found {meta.get('format')}); run {again}"
            )
        if _hash(tensors) != meta["hash"]:
            raise DataError(f"{path} is damaged (its data have another hash); run {again}")
        train, validation, test = (
            Split(tensors[f"{split}_images"], tensors[f"{split}_labels"]) for split in SPLITS
        )
        shape, classes = tuple(meta["shape"]), tuple(meta["classes"])
        return Prepared(
            meta["name"], shape, classes, meta["hash"], train, validation, test, meta["notes"]
        )
    except FileNotFoundError:
        raise DataError(
            f"the data set {name} is not prepared (no {path}); run {again},"
            " or `dvc repro prepare` for a set of the pipeline"
        ) from None
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is damaged ({error}); run {again}") from error


def described(root: Path, name: str) -> dict[str, Any]:
    """Return what the prepared file of `name` says of itself: hash, classes, notes and more.

    Its arrays are not read. Raises DataError when it is missing or damaged.
    """
    path = path_of(root, name)
    try:
        meta, _ = _map(path)
        return {"notes": {}, "hash": "", **meta}
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise DataError(
            f"{path} is missing or damaged ({error}); run `depthgauge prepare dataset={name}`"
        ) from error


def _tensors(splits: dict[str, Split]) -> dict[str, np.ndarray]:
    return {
        f"{name}_{part}": np.ascontiguousarray(getattr(splits[name], part))
        for name in SPLITS
        for part in ("images", "labels")
    }


def _hash(tensors: dict[str, np.ndarray]) -> str:
    """Return the sha256 over name, shape and bytes of each tensor, in the order of `_tensors`."""
    digest = hashlib.sha256()
    for split in SPLITS:
        for part in ("images", "labels"):
            tensor = tensors[f"{split}_{part}"]
            digest.update(f"{split}_{part}{tensor.shape}".encode())
            digest.update(tensor.reshape(-1).data)
    return digest.hexdigest()


def _map(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return metadata and tensors; the library checks the header, numpy maps what follows it."""
    with safe_open(path, framework="numpy") as file:
        meta = json.loads((file.metadata() or {}).get("depthgauge", "{}"))
        shapes = {name: file.get_slice(name).get_shape() for name in file.offset_keys()}
    # mode c, copy on write: torch wants arrays that may be written, the file stays as it is
    content = np.memmap(path, np.uint8, mode="c")
    offset = content.size - sum(int(np.prod(shape)) for shape in shapes.values())
    tensors = {}
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        tensors[name] = np.asarray(content[offset : offset + size]).reshape(shape)
        offset += size
    return meta, tensors
