"""Glorot and Bengio's Figs. 3, 4 and 10: how tanh and softsign layers saturate."""

import numpy as np
from numpy.typing import NDArray

from depthgauge.claims.claim import Cells
from depthgauge.claims.readings import flags, series
from depthgauge.claims.statistics import Values

HIGH = 0.95
"""A tanh or softsign layer whose 98th percentile of |a| is above this is saturated."""
PILE = (0.95, 1.0)
"""Where saturated tanh activations pile up, in modulus (Fig. 4, top)."""
BENT = (0.6, 0.8)
"""Where softsign activations sit, in modulus (Fig. 4, bottom)."""
SHARE = 1e-6
"""The least density that a ratio takes for one: three activations in 300,000, per bin."""


def hidden_activations(cells: Cells, variable: str) -> tuple[NDArray[np.int64], Values]:
    """Return the recorded steps, and `variable` of the first cell, (seed, step, hidden layer)."""
    steps = cells[0]["activation_step"].to_numpy()
    return steps, series(cells[0], variable, "activation_step", "layer")[..., :-1]


def first_steps(reached: NDArray[np.bool_], steps: NDArray[np.int64]) -> Values:
    """Return the first step at which `reached`, (seed, step, ...), is true; infinite if never."""
    first = steps[reached.argmax(axis=1)].astype(np.float64)
    return np.where(reached.any(axis=1), first, np.inf)


def in_order(cells: Cells) -> Values:
    """1 where layer 1 saturates first, then layer 2, and so on; some may never, but not layer 1."""
    steps, tops = hidden_activations(cells, "modulus_percentile_98")
    times = first_steps(tops > HIGH, steps)
    later = (times[:, 1:] > times[:, :-1]) | np.isinf(times[:, 1:])
    return flags(later.all(axis=1) & np.isfinite(times[:, 0]), tops)


def not_in_order(cells: Cells) -> Values:
    """1 where the layers do not saturate so."""
    return 1 - in_order(cells)


def _final_percentiles(cells: Cells) -> Values:
    """98th percentiles after the last step, (seed, hidden layer)."""
    return hidden_activations(cells, "modulus_percentile_98")[1][:, -1]


def less_at_the_end(cells: Cells) -> Values:
    """By how much the outermost hidden layer's 98th percentile is higher in the first cell."""
    first, second = (_final_percentiles(cells[i : i + 1]) for i in (0, 1))
    return first.max(axis=1) - second.max(axis=1)


def more_together(cells: Cells) -> Values:
    """By how much more the layers' 98th percentiles differ at the end in the first cell."""
    first, second = (_final_percentiles(cells[i : i + 1]) for i in (0, 1))
    return np.ptp(first, axis=1) - np.ptp(second, axis=1)


def _final_density(cells: Cells, low: float, high: float) -> Values:
    """Share of activations per unit of |a| between `low` and `high` at the end, (seed, layer)."""
    cell = cells[0]
    shares = series(cell, "activation_histogram", "activation_step", "layer", "activation_bin")
    bins = np.abs(cell["activation_bin"].to_numpy())
    inside = (low < bins) & (bins < high)
    return shares[:, -1, :-1][..., inside].sum(axis=-1) / (high - low)


def pile(cells: Cells) -> Values:
    """How much denser layer 1 is near -1 and 1 than where softsign sits."""
    piled, bent_there = (_final_density(cells, *part)[:, 0] for part in (PILE, BENT))
    return np.maximum(piled, SHARE) / np.maximum(bent_there, SHARE)


def bent(cells: Cells) -> Values:
    """Density at 0.6-0.8 less the mean density outside of it, averaged over hidden layers."""
    there = _final_density(cells, *BENT)
    share = there * (BENT[1] - BENT[0])
    outside = (1 - share) / (1 - (BENT[1] - BENT[0]))
    return (there - outside).mean(axis=1)
