"""Glorot and Bengio's Fig. 9 and section 4.3: gradients of different layers over training."""

import numpy as np

from depthgauge.claims.claim import Cells
from depthgauge.claims.readings import series
from depthgauge.claims.statistics import Values
from depthgauge.studies.glorot.initial import hidden_ratio, square_weight_gradients


def _spreads(cells: Cells) -> Values:
    """Spread of dC/dw of layers from 1,000 to 1,000 of the first cell, (seed, step, layer)."""
    found = series(cells[0], "weight_gradient_std", "signal_step", "layer")
    return square_weight_gradients(found)


def last_ratio(cells: Cells) -> Values:
    """Largest over smallest spread of dC/dw after the last step, (seed,)."""
    return hidden_ratio(_spreads(cells))[:, -1]


def median_ratio(cells: Cells) -> Values:
    """The median ratio over the recorded steps: in Fig. 9 one epoch in five is above 1.5."""
    return np.median(hidden_ratio(_spreads(cells)), axis=1)


def closer(cells: Cells) -> Values:
    """By how much the last ratio of the first cell is above that of the second."""
    return last_ratio(cells[:1]) - last_ratio(cells[1:])


def larger_below(cells: Cells) -> Values:
    """Log of the lowest over the highest square layer's spread of dC/dw after the last step."""
    last = _spreads(cells)[:, -1]
    return np.log(last[:, 0] / last[:, -1])


def delta_larger_below(cells: Cells, updates: int) -> Values:
    """Log of the first over the last hidden layer's spread of delta, (seed,).

    At the last recorded step within `updates` updates.
    """
    within = cells[0]["signal_step"].to_numpy() <= updates
    spreads = series(cells[0], "delta_std", "signal_step", "layer")[:, within][:, -1, :-1]
    return np.log(spreads[:, 0] / spreads[:, -1])
