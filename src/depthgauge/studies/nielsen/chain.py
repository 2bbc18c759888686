"""Nielsen, ch. 5, equations 114-123: one-neuron chains, drawn and multiplied out."""

import numpy as np

from depthgauge.claims.claim import Cells
from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.readings import flags, series
from depthgauge.claims.statistics import Values
from depthgauge.theory import chain_tolerance, steep_width
from depthgauge.theory.arrays import FLOAT64

WIDTH_TOLERANCE = 4 * np.sqrt(8 * FLOAT64) / 4
"""Near its peak |w| sigma'(u) is flat, |w|/4 (1 - u^2/4), so eight roundings of it shift u by
2 sqrt(8 epsilon) at most, each end of an interval of a = u/|w| by as much over 4."""


def excess_of_product(cells: Cells) -> Values:
    """|equation 122 / derivative - 1| over what rounding explains."""
    product = series(cells[0], "chain_bias_gradient", "layer")[:, 0]
    weights, z = (series(cells[0], f"chain_{name}", "layer") for name in _DRAWN)
    gap = np.abs(product / series(cells[0], "chain_derivative") - 1)
    return gap / chain_tolerance(_known(weights), _known(z))


_DRAWN = ("weight", "pre_activation")


def _known(values: Values) -> Values:
    if not np.isfinite(values).all():
        raise UndecidableError("a chain's weights or signals are not finite")
    return values


def largest_slope(cells: Cells) -> Values:
    """Largest sigma'(z_j) of a chain, as a part of 1/4; two roundings are allowed."""
    factor, weight = (series(cells[0], f"chain_{name}", "layer") for name in ("factor", "weight"))
    return 4 * np.abs(factor / weight).max(axis=1) / (1 + 2 * FLOAT64)


def second_factor_below(cells: Cells) -> Values:
    """1 where |w_2 sigma'(z_2)| < 1/4: a neuron inside the chain, one for each seed."""
    factor = np.abs(series(cells[0], "chain_factor", "layer"))[:, 1]
    return flags(factor < 1 / 4, factor)


def sixteenth(cells: Cells) -> Values:
    """1 where |dC/db_1| is a sixteenth of |dC/db_3| or less."""
    ratio = _ratio(cells, 0, 2)
    return flags(ratio <= 1 / 16, ratio)


def smaller(cells: Cells) -> Values:
    """1 where |dC/db_1| is below |dC/db_L|."""
    ratio = _ratio(cells, 0, -1)
    return flags(ratio < 1, ratio)


def per_neuron(cells: Cells, name: str) -> Values:
    """Geometric mean factor from one neuron's gradient to that of the one before it."""
    ratio = _ratio(cells, 0, -1, name)
    return ratio ** (1 / (cells[0].sizes["layer"] - 1))


def _ratio(cells: Cells, one: int, other: int, name: str = "chain") -> Values:
    gradient = np.abs(series(cells[0], f"{name}_bias_gradient", "layer"))
    return gradient[:, one] / gradient[:, other]


def steepest_slope(cells: Cells) -> Values:
    """sigma'(0): the exploding chain's factor over its weight of 100."""
    return series(cells[0], "exploding_factor", "layer").max(axis=1) / 100


def least_steep_weight(cells: Cells) -> Values:
    """The least |w| of the grid at which some a gives |w sigma'(wa + b)| >= 1."""
    steep = series(cells[0], "steepest_factor", "steep_weight")
    reached = np.where(steep >= 1, cells[0]["steep_weight"].to_numpy(), np.inf)
    return np.where(np.isfinite(steep).all(axis=1), reached.min(axis=1), np.nan)


def widest(cells: Cells) -> Values:
    """Return the widest set of inputs that do not shrink the signal, over all weights, (seed,)."""
    return series(cells[0], "steep_width", "steep_weight").max(axis=1)


def weight_of_widest(cells: Cells) -> Values:
    """Return the |w| at which that set is widest, (seed,)."""
    widths = series(cells[0], "steep_width", "steep_weight")
    weights = cells[0]["steep_weight"].to_numpy()[widths.argmax(axis=1)]
    return np.where(np.isfinite(widths).all(axis=1), weights, np.nan)


def excess_of_width(cells: Cells) -> Values:
    """Largest |measured - equation 123| over all weights, over what rounding explains."""
    widths = series(cells[0], "steep_width", "steep_weight")
    predicted = steep_width(cells[0]["steep_weight"].to_numpy())
    return np.abs(widths - predicted).max(axis=1) / WIDTH_TOLERANCE
