"""Estimate how many replicas fit into a CUDA GPU's memory."""

import itertools

import torch

from depthgauge.config import Experiment, Precision
from depthgauge.config.experiment import INSTRUMENTS
from depthgauge.datasets.prepared import Prepared

COPIES = {"remedies": 10, "second_order": 6}
"""Tensors of the weights' shape that a procedure keeps: gradients, optimizer state."""
FEWEST_COPIES = 3
"""The same elsewhere: the weights, and gradients while a probe looks at them."""
ROWS = 4
"""Numbers a unit and example: activation, delta, and as much again while a probe sums them up."""
EVALUATED = 2
"""The same in an evaluation, which goes forward alone: activation, and a temporary."""
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
    rows = ROWS * (experiment.batch_size + _looked_at(experiment))
    rows += EVALUATED * _evaluated(experiment, data)
    numbers = copies * weights + rows * sum(widths[1:]) + experiment.batch_size * widths[0]
    return numbers * (8 if experiment.precision is Precision.float64 else 4)


def room(experiment: Experiment, data: Prepared) -> int:
    """Return how many replicas the current CUDA device has room for now: a power of two, or 1.

    A power of two, so that a little more or less free memory mostly gives the same answer.
    """
    free, _ = torch.cuda.mem_get_info()
    there = SHARE * free - _shared_bytes(experiment, data)
    count = int(there) // replica_bytes(experiment, data)
    return 1 << (count.bit_length() - 1) if count > 0 else 1


def _looked_at(experiment: Experiment) -> int:
    """Images that instruments hold activations and deltas of."""
    sections = (getattr(experiment, name) for name in INSTRUMENTS if name != "evaluation")
    return sum(settings.images for settings in sections if settings.every)


def _evaluated(experiment: Experiment, data: Prepared) -> int:
    """Images that evaluations hold activations of: a slice, and what is left; splits share them."""
    settings = experiment.evaluation
    if not settings.every:
        return 0
    there = [len(getattr(data, split).labels) for split in settings.splits]
    counts = [min(settings.images or count, count) for count in there]
    return sum({size for count in counts for size in (min(count, SLICE), count % SLICE)})


def _shared_bytes(experiment: Experiment, data: Prepared) -> int:
    """All splits as inputs of 4 or 8 bytes a pixel, whatever the number of replicas."""
    pixels = sum(each.images.size for each in (data.train, data.validation, data.test))
    return pixels * (8 if experiment.precision is Precision.float64 else 4)
