"""Nielsen, ch. 5: how fast layers and neurons learn just after initialization."""

import numpy as np

from depthgauge.claims.claim import Cells
from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.readings import flags, initial_speeds, ratios_to_next, series
from depthgauge.claims.statistics import Values

BARS = 6
"""Bars are drawn on the first six neurons of a hidden layer."""


def speeds(cells: Cells) -> Values:
    """Return the initial speeds of the hidden layers, from the input on, (seed, layer)."""
    return initial_speeds(cells[0])


def last_to_first(cells: Cells) -> Values:
    """Return the last hidden layer's speed over the first one's, (seed,)."""
    speeds = initial_speeds(cells[0])
    return speeds[:, -1] / speeds[:, 0]


def least_ratio(cells: Cells) -> Values:
    """How much faster the next layer learns, for the pair of neighbours where it is least."""
    return ratios_to_next(initial_speeds(cells[0])).min(axis=1)


def every_layer_slower(cells: Cells) -> Values:
    """1 where each hidden layer learns slower than the next, else 0."""
    ratio = least_ratio(cells)
    return flags(ratio > 1, ratio)


def most_bars_larger(cells: Cells, factor: float) -> Values:
    """1 where most pairs of bars differ by more than `factor`, as `pairs_larger` counts them."""
    pairs = pairs_larger(cells, factor)
    return flags(pairs > 0.5 * BARS**2, pairs)


def pairs_larger(cells: Cells, factor: float) -> Values:
    """Return in how many of 36 pairs the bar of layer 2 is over `factor` times that of layer 1.

    Neurons of two layers have no partners, so every bar is compared with every other; a bar is
    the size of the averaged gradient, whatever its sign. NaN for a seed with one that is none.
    """
    gradient = series(cells[0], "bias_gradient", "gradient_step", "layer", "unit")
    if gradient.shape[-1] < BARS:
        raise UndecidableError(f"layers narrower than {BARS} have no {BARS} bars")
    bars = np.abs(gradient[:, 0, :2, :BARS])
    larger = bars[:, 1, :, None] > factor * bars[:, 0, None, :]
    seen = np.isfinite(bars).all(axis=(1, 2))
    return np.where(seen, larger.sum(axis=(1, 2)), np.nan)
