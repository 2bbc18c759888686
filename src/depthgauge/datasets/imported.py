"""A data set that a function of the user's own returns, named by its import path.

The function takes nothing and returns images, labels and the names of the classes. Images and
labels are arrays, which are shuffled and cut into 80 % training, 10 % validation and 10 % test, or
mappings {train, validation, test} of arrays. Each process that trains calls it once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from depthgauge.datasets.prepared import SPLITS, Prepared, Split, assemble
from depthgauge.errors import DataError
from depthgauge.user_code.lookup import UserFunction, find

SHUFFLE = 0
"""Seed of the order in which images are cut into splits."""


def imported(path: str) -> Prepared:
    """Return the data set of the function at `path`.

    Raises ConfigError, with file and line, where the function is not found, raises, or returns
    something else than such data.
    """
    found = find("dataset.name", path)
    with found.reported("as it is called without arguments"):
        returned = found.value()
    if not isinstance(returned, tuple | list) or len(returned) != 3:
        raise found.wrong(
            f"returns a {type(returned).__name__}, and three things are needed: images, labels and"
            " the names of the classes"
        )
    images, labels, classes = returned
    splits = _splits(found, images, labels)
    shape = splits["train"].images.shape[1:]
    if not isinstance(classes, Sequence) or isinstance(classes, str) or not classes:
        raise found.wrong(
            f"returns {classes!r} for the names of the classes; return a list of them"
        )
    try:
        return assemble(path, shape if len(shape) > 1 else (1, *shape), classes, splits)
    except DataError as error:
        raise found.wrong(f"returns data that cannot be used: {error}") from None


def _splits(found: UserFunction, images: Any, labels: Any) -> dict[str, Split]:
    if isinstance(images, Mapping) and isinstance(labels, Mapping):
        if missing := [name for name in SPLITS if name not in images or name not in labels]:
            raise found.wrong(f"returns no {missing[0]} split; return {', '.join(SPLITS)}")
        return {name: _split(found, images[name], labels[name]) for name in SPLITS}
    whole = _split(found, images, labels)
    count = len(whole.labels)
    order = np.random.default_rng(SHUFFLE).permutation(count)
    parts = np.split(order, [round(0.8 * count), round(0.9 * count)])
    return {
        name: Split(whole.images[part], whole.labels[part])
        for name, part in zip(SPLITS, parts, strict=True)
    }


def _split(found: UserFunction, images: Any, labels: Any) -> Split:
    pair = Split(np.asarray(images), np.asarray(labels))
    if pair.images.ndim < 2 or pair.labels.ndim < 1 or len(pair.images) != len(pair.labels):
        raise found.wrong(
            f"returns images of shape {pair.images.shape} and labels of shape"
            f" {pair.labels.shape}; return one label for each image"
        )
    if pair.images.dtype.kind in "f" and not np.isfinite(pair.images).all():
        raise found.wrong("returns images with values that are not finite; correct them")
    return pair
