"""Shapeset-3x2: endless images of one or two grey shapes, image i of stream s always the same.

Source: Glorot and Bengio, section 2.1, and the parameters of the authors' generator.
"""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from depthgauge.datasets.shapeset_polygons import SIZE
from depthgauge.datasets.shapeset_raster import paint
from depthgauge.datasets.shapeset_scenes import Scenes, scenes

CLASSES = ("T", "P", "E", "TP", "PE", "TE", "TT", "PP", "EE")
"""What labels 0..8 mean: triangle, parallelogram, ellipse, and the pairs of them."""

CHUNK = 2048
"""Images computed at once, so that the work stays near a processor's caches."""

GPU_CHUNK = 32_768
"""The same on a GPU, where launching the work takes longer than doing it: 1.4 GB of memory."""


def shapeset(
    seed: int | Int64[Tensor, " n"], indices: Int64[Tensor, " n"]
) -> tuple[UInt8[Tensor, "n 1024"], UInt8[Tensor, " n"]]:
    """Return image `indices` of stream `seed` and its label, on the device of `indices`.

    An image is 32 rows of 32 grey levels, top first. With a tensor of seeds, the k-th image is
    image indices[k] of stream seed[k].
    """
    images = torch.empty(len(indices), SIZE * SIZE, dtype=torch.uint8, device=indices.device)
    labels = torch.empty(len(indices), dtype=torch.uint8, device=indices.device)
    for here, found in _chunks(seed, indices):
        images[here] = _painted(found)
        labels[here] = found.labels
    return images, labels


def pool(seed: int, count: int, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return images first..first + count - 1 of stream `seed` (count, 1024), and labels (count,).

    Both uint8. Prepared splits take disjoint ranges of one stream.
    """
    images, labels = shapeset(seed, torch.arange(first, first + count))
    return images.numpy(), labels.numpy()


def fallback_share(seed: int, indices: Int64[Tensor, " n"]) -> float:
    """Return the share of images drawn with two shapes that show one, as no second shape fits."""
    pairs = fallbacks = 0
    for _, found in _chunks(seed, indices):
        pairs += int((found.drawn > 2).sum())
        fallbacks += int((found.drawn != found.labels).sum())
    return fallbacks / max(pairs, 1)


def _chunks(
    seed: int | Int64[Tensor, " n"], indices: Int64[Tensor, " n"]
) -> Iterator[tuple[slice, Scenes]]:
    seeds = torch.as_tensor(seed, device=indices.device).expand_as(indices)
    size = CHUNK if indices.device.type == "cpu" else GPU_CHUNK
    for start in range(0, len(indices), size):
        here = slice(start, start + size)
        yield here, scenes(seeds[here], indices[here])


def _painted(found: Scenes) -> UInt8[Tensor, "n 1024"]:
    images = found.ground[:, None, None].expand(-1, SIZE, SIZE)
    for shape, grey in zip(found.shapes, found.greys, strict=True):
        images = paint(images, shape, grey)
    return images.flatten(1)
