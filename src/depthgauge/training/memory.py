"""How many replicas fit into a CUDA GPU's memory, counted beforehand."""

import itertools

import torch

from depthgauge.config import Experiment, Precision
from depthgauge.config.experiment import INSTRUMENTS
from depthgauge.datasets.prepared import Prepared

COPIES = {"remedies": 10, "second_order": 6}
"""Tensors of the weights' shape that a procedure keeps: gradients, what optimizers remember."""
FEWEST_COPIES = 3
"""The same elsewhere: the weights, and gradients while a probe looks at them."""
ROWS = 4
"""Numbers a unit and example: activation, delta, and as much again while a probe sums them up."""
SLICE = 1000
"""Images evaluated at once: large enough for full speed, small enough for the cache."""
SHARE = 0.9
"""Of the free memory; the rest is for what the allocator cannot use."""


def replica_bytes(experiment: Experiment, data: Prepared) -> int:
    """Return the bytes of GPU memory that one more replica takes, about.

    Weights in all their copies, the mini-batch, and the examples that instruments look at.
    """
    widths = [data.train.images.shape[1], *experiment.hidden, len(data.classes)]
    weights = sum(n_in * n_out for n_in, n_out in itertools.pairwise(widths))
    copies = COPIES.get(experiment.procedure, FEWEST_COPIES)
    rows = experiment.batch_size + _looked_at(experiment, data)
    numbers = copies * weights + ROWS * rows * sum(widths[1:]) + experiment.batch_size * widths[0]
    return numbers * (8 if experiment.precision is Precision.float64 else 4)


def room(experiment: Experiment, data: Prepared) -> int:
    """Return how many replicas the current CUDA device has room for now: a power of two, or 1.

    A power of two, so that a little more or less free memory mostly gives the same answer.
    """
    free, _ = torch.cuda.mem_get_info()
    there = SHARE * free - _shared_bytes(experiment, data)
    count = int(there) // replica_bytes(experiment, data)
    return 1 << (count.bit_length() - 1) if count > 0 else 1


def _looked_at(experiment: Experiment, data: Prepared) -> int:
    """Examples that instruments hold buffers for; of a split that is a slice, and what is left."""
    looked = 0
    for name in INSTRUMENTS:
        settings = getattr(experiment, name)
        if settings.every and name == "evaluation":
            splits = [len(getattr(data, split).labels) for split in settings.splits]
            counts = [min(settings.images or count, count) for count in splits]
            looked += sum(min(count, SLICE + count % SLICE) for count in counts)
        elif settings.every:
            looked += settings.images
    return looked


def _shared_bytes(experiment: Experiment, data: Prepared) -> int:
    """All splits as inputs of 4 or 8 bytes a pixel, whatever the number of replicas."""
    pixels = sum(each.images.size for each in (data.train, data.validation, data.test))
    return pixels * (8 if experiment.precision is Precision.float64 else 4)
