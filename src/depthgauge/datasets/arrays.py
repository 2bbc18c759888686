"""Convert arrays to uint8 images and labels; what is ambiguous is refused.

A data set's splits are looked at together: what the values of one mean holds for all.
"""

from collections.abc import Sequence
from math import prod

import numpy as np

from depthgauge.errors import DataError

Arrays = dict[str, np.ndarray]
"""Split: its images or labels."""


def as_images(arrays: Arrays, shape: Sequence[int], name: str) -> Arrays:
    """Return the images of each split as (n, features) uint8, 0 is black.

    Whole numbers from 0 to 255 are taken as they are, and fractions from 0 to 1 times 255.
    Raises DataError for other values, and for another number of them than `shape` says.
    """
    flat = {}
    for split, images in arrays.items():
        if images.ndim < 2 or prod(images.shape[1:]) != prod(shape):
            each = "x".join(map(str, images.shape[1:]))
            raise DataError(
                f"the images of the {split} split of {name} are of {each or 'single'} values, but"
                f" the shape ({', '.join(map(str, shape))}) asks for {prod(shape)}; correct it"
            )
        flat[split] = images.reshape(len(images), -1)
    if all(images.dtype == np.uint8 for images in flat.values()):
        return flat
    numbers = all(images.dtype.kind in "buif" for images in flat.values())
    if numbers and _whole(flat, 0, 255):
        return {split: images.astype(np.uint8) for split, images in flat.items()}
    if numbers and _within(flat, 0, 1):
        return {split: np.rint(images * 255).astype(np.uint8) for split, images in flat.items()}
    raise DataError(
        f"the images of {name} are {_described(flat)}; give whole numbers from 0 to 255, 0 for"
        " black, or fractions from 0 to 1"
    )


def as_labels(arrays: Arrays, classes: Sequence[str], name: str) -> Arrays:
    """Return the labels of each split as (n,) uint8, indices into the classes.

    Taken are indices, in one dimension or one column, names of the classes, and one-hot rows.
    Raises DataError for others.
    """
    if len(classes) > 256:
        raise DataError(f"{name} has {len(classes)} classes; 256 are the most")
    found = {split: _indices(labels, classes) for split, labels in arrays.items()}
    numbers = all(each.ndim == 1 and each.dtype.kind in "uif" for each in found.values())
    if numbers and _whole(found, 0, len(classes) - 1):
        return {split: labels.astype(np.uint8) for split, labels in found.items()}
    raise DataError(
        f"the labels of {name} are {_described(found)}; its {len(classes)} classes are the whole"
        f" numbers from 0 to {len(classes) - 1}, one for each image"
    )


def _indices(labels: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Return labels as indices where they are columns, names or one-hot; else as they are."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2 and labels.shape[1] == len(classes) and labels.dtype.kind in "buif":
        hot = labels != 0
        if (hot.sum(1) == 1).all() and (labels[hot] == 1).all():
            return hot.argmax(1)
    if labels.ndim == 1 and labels.dtype.kind == "U" and set(labels.tolist()) <= set(classes):
        return np.array([classes.index(each) for each in labels.tolist()], np.uint8)
    return labels


def _whole(arrays: Arrays, low: int, high: int) -> bool:
    """Return whether all values are whole numbers from low to high.

    Not for images whose floats are 0 and 1 alone: these are black and white, not nearly black.
    """
    floats = any(each.dtype.kind in "bf" for each in arrays.values())
    if high == 255 and floats and _within(arrays, 0, 1):
        return False
    return _within(arrays, low, high) and all(
        each.dtype.kind != "f" or bool((each == np.rint(each)).all()) for each in arrays.values()
    )


def _within(arrays: Arrays, low: int, high: int) -> bool:
    """Return whether all values lie from low to high, which nan does not."""
    return all(bool(((each >= low) & (each <= high)).all()) for each in arrays.values())


def _described(arrays: Arrays) -> str:
    """Return type, shape and range of arrays in words."""
    one = next(iter(arrays.values()))
    text = f"{one.dtype} of shape {'x'.join(map(str, one.shape))}"
    sized = [each for each in arrays.values() if each.size and each.dtype.kind in "uif"]
    if sized:
        low, high = min(each.min() for each in sized), max(each.max() for each in sized)
        text += f" with values from {low:g} to {high:g}"
    return text
