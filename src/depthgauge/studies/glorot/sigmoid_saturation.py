"""Glorot and Bengio's Fig. 2 and section 3.1: what becomes of sigmoid layers."""

import numpy as np
from numpy.typing import NDArray

from depthgauge.claims.claim import Cells
from depthgauge.claims.readings import flags
from depthgauge.claims.statistics import Values
from depthgauge.studies.glorot.saturation import first_steps, hidden_activations

EPOCH = 20_000
"""Updates of an epoch, printed on the axis of Fig. 2: "Epochs of 20k mini-batch updates"."""
LOW = 0.1
"""A layer whose mean activation is below this is saturated at 0."""
RISE = 2
"""A saturated layer has left saturation when its mean exceeds this multiple of its minimum so far.

In Fig. 2 that happens at epoch 98, where the text says "around epoch 100"; the mean stays below
0.1 to the last epoch shown, 140.
"""


def _at_lowest_top(cells: Cells, updates: int) -> Values:
    """Mean activations of the hidden layers, (seed, layer), when the top one's is lowest early."""
    steps, means = hidden_activations(cells, "activation_mean")
    early = means[:, steps <= updates]
    return early[np.arange(len(early)), early[..., -1].argmin(axis=1)]


def lowest_top(cells: Cells, updates: int) -> Values:
    """The least mean activation of the top layer within `updates` updates, (seed,)."""
    return _at_lowest_top(cells, updates)[:, -1]


def least_above_half(cells: Cells, updates: int) -> Values:
    """How far the lowest of the layers between the first and the top one is above 0.5 then.

    The first one's mean is 0.5 as long as its weights are symmetric about 0.
    """
    return _at_lowest_top(cells, updates)[:, 1:-1].min(axis=1) - 0.5


def least_rise(cells: Cells, updates: int) -> Values:
    """By how much the mean rises from one of the other layers to the next, where it is least."""
    return np.diff(_at_lowest_top(cells, updates)[:, :-1], axis=1).min(axis=1)


def _saturated_and_left(top: Values) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether the top layer has been saturated by each step, and whether it has left saturation."""
    since = np.maximum.accumulate(top < LOW, axis=1)
    return since, since & (top > RISE * np.minimum.accumulate(top, axis=1))


def escapes_around(cells: Cells, epoch: int) -> Values:
    """1 where the top layer leaves its saturation within a factor of 2 of `epoch`."""
    steps, means = hidden_activations(cells, "activation_mean")
    _, left = _saturated_and_left(means[..., -1])
    escape = first_steps(left, steps) / EPOCH
    return flags((epoch / 2 < escape) & (escape < 2 * epoch), means)


def never_escapes(cells: Cells) -> Values:
    """1 where the top layer saturates and stays so to the end."""
    _, means = hidden_activations(cells, "activation_mean")
    since, left = _saturated_and_left(means[..., -1])
    return flags(since[:, -1] & ~left.any(axis=1), means)
