"""Shapeset-3x2 as three fixed splits: a pool for networks that learn faster than it is drawn.

All are ranges of stream 0. A network that takes each image of the pool once has seen what an
online learner sees; a longer training repeats them, unless it takes a stream of its own.
"""

import torch

from depthgauge.datasets.prepared import Prepared, Split, assemble
from depthgauge.datasets.shapeset import CLASSES, pool
from depthgauge.datasets.shapeset_polygons import SIZE

STREAM = 0
"""The generator's seed of every split."""

HELD_OUT = 1 << 40
"""Images from here on are never trained on: 10^11 mini-batches of 10 do not reach them."""

SPLITS = {
    "train": (0, 100_000),
    "validation": (HELD_OUT, 10_000),
    "test": (2 * HELD_OUT, 10_000),
}
"""First image and how many; 10,000 as for the paper's other data sets."""


def prepare() -> Prepared:
    """Return the splits, generated on one thread: more of them gain nothing on a busy machine."""
    torch.set_num_threads(1)
    made = {name: Split(*pool(STREAM, count, first)) for name, (first, count) in SPLITS.items()}
    return assemble("shapeset", (SIZE, SIZE), CLASSES, made)
