"""Claims of Nielsen, ch. 5, equations 114-123: one-neuron chains, drawn and multiplied out."""

from functools import partial

import numpy as np

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.readings import flags, series
from depthgauge.claims.rules import (
    ALWAYS,
    MOSTLY,
    NEVER_ABOVE_ONE,
    Rule,
    factor_between,
    printed,
)
from depthgauge.claims.statistics import Values
from depthgauge.theory import chain_tolerance, steep_width
from depthgauge.theory.arrays import FLOAT64

DEPTHS = (4, 10, 30)
"""Neurons in a chain, the output among them; the chapter's has 4."""

WIDTH_TOLERANCE = 4 * np.sqrt(8 * FLOAT64) / 4
"""Near its peak |w| sigma'(u) is flat, |w|/4 (1 - u^2/4), so eight roundings of it shift u by
2 sqrt(8 epsilon) at most, each end of an interval of a = u/|w| by as much over 4."""


def _excess_of_product(cells: Cells) -> Values:
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


def _largest_slope(cells: Cells) -> Values:
    """Largest sigma'(z_j) of a chain, as a part of 1/4; two roundings are let pass."""
    factor, weight = (series(cells[0], f"chain_{name}", "layer") for name in ("factor", "weight"))
    return 4 * np.abs(factor / weight).max(axis=1) / (1 + 2 * FLOAT64)


def _second_factor_below(cells: Cells) -> Values:
    """1 where |w_2 sigma'(z_2)| < 1/4: a neuron inside the chain, one for each seed."""
    factor = np.abs(series(cells[0], "chain_factor", "layer"))[:, 1]
    return flags(factor < 1 / 4, factor)


def _sixteenth(cells: Cells) -> Values:
    """1 where |dC/db_1| is a sixteenth of |dC/db_3| or less."""
    ratio = _ratio(cells, 0, 2)
    return flags(ratio <= 1 / 16, ratio)


def _smaller(cells: Cells) -> Values:
    """1 where |dC/db_1| is below |dC/db_L|."""
    ratio = _ratio(cells, 0, -1)
    return flags(ratio < 1, ratio)


def _per_neuron(cells: Cells, name: str) -> Values:
    """Geometric mean factor from one neuron's gradient to that of the one before it."""
    ratio = _ratio(cells, 0, -1, name)
    return ratio ** (1 / (cells[0].sizes["layer"] - 1))


def _ratio(cells: Cells, one: int, other: int, name: str = "chain") -> Values:
    gradient = np.abs(series(cells[0], f"{name}_bias_gradient", "layer"))
    return gradient[:, one] / gradient[:, other]


def _steepest_slope(cells: Cells) -> Values:
    """sigma'(0): the exploding chain's factor over its weight of 100."""
    return series(cells[0], "exploding_factor", "layer").max(axis=1) / 100


def _least_steep_weight(cells: Cells) -> Values:
    """The least |w| of the grid at which some a gives |w sigma'(wa + b)| >= 1."""
    steep = series(cells[0], "steepest_factor", "steep_weight")
    reached = np.where(steep >= 1, cells[0]["steep_weight"].to_numpy(), np.inf)
    return np.where(np.isfinite(steep).all(axis=1), reached.min(axis=1), np.nan)


def _widest(cells: Cells) -> Values:
    return series(cells[0], "steep_width", "steep_weight").max(axis=1)


def _weight_of_widest(cells: Cells) -> Values:
    widths = series(cells[0], "steep_width", "steep_weight")
    weights = cells[0]["steep_weight"].to_numpy()[widths.argmax(axis=1)]
    return np.where(np.isfinite(widths).all(axis=1), weights, np.nan)


def _excess_of_width(cells: Cells) -> Values:
    """Largest |measured - equation 123| over all weights, over what rounding explains."""
    widths = series(cells[0], "steep_width", "steep_weight")
    predicted = steep_width(cells[0]["steep_weight"].to_numpy())
    return np.abs(widths - predicted).max(axis=1) / WIDTH_TOLERANCE


def _claim(id: str, where: str, statement: str, rule: Rule, depth: int = 4) -> partial[Claim]:
    """Return a claim about chains of `depth` neurons, short of its estimate."""
    return partial(
        Claim,
        id=f"theory.chain.{id}",
        source=f"Nielsen 2015, ch. 5: {where}",
        statement=statement,
        study="nielsen_chain",
        cells=({"hidden": [1] * (depth - 1)},),
        rule=rule,
        figure="nielsen_chain",
        updates=0,
    )


def _exact(depth: int) -> Claim:
    return _claim(
        f"product.{depth}",
        "equation 122",
        f"In chains of {depth} neurons the product is the derivative, to float64 rounding",
        NEVER_ABOVE_ONE,
        depth,
    )(estimate=_excess_of_product, unit="gap / allowed rounding")


def _explodes(depth: int) -> Claim:
    return _claim(
        f"explodes.{depth}",
        "the exploding gradient problem, weights of 100",
        f"In chains of {depth} neurons each gradient is 25 times that of the neuron behind it",
        printed(1e-9),
        depth,
    )(
        estimate=partial(_per_neuron, name="exploding"),
        unit="factor per neuron",
        published=25.0,
    )


def _vanishes(depth: int) -> Claim:
    return _claim(
        f"vanishes.{depth}",
        '"the more terms, the smaller the product will be"',
        f"In chains of {depth} neurons a gradient is typically less than a quarter of the next",
        factor_between("less than a quarter", 0, 1 / 4),
        depth,
    )(estimate=partial(_per_neuron, name="chain"), unit="factor per neuron")


CLAIMS = (
    *(_exact(depth) for depth in DEPTHS),
    _claim(
        "slope_bound",
        "the derivative reaches its maximum at sigma'(0) = 1/4",
        "No neuron's slope exceeds 1/4",
        NEVER_ABOVE_ONE,
    )(estimate=_largest_slope, unit="slope / (1/4)"),
    _claim(
        "slope_reached",
        "the derivative reaches its maximum at sigma'(0) = 1/4",
        "At z = 0 a neuron's slope is 1/4",
        printed(1e-12),
    )(estimate=_steepest_slope, unit="slope", published=0.25),
    _claim(
        "usually_below_quarter",
        "\"the terms w_j sigma'(z_j) will usually satisfy |w_j sigma'(z_j)| < 1/4\"",
        "With weights and biases ~ N(0, 1), most neurons multiply the signal by less than 1/4",
        MOSTLY,
    )(estimate=_second_factor_below, unit="fraction of seeds"),
    _claim(
        "sixteenth",
        '"dC/db_1 will usually be a factor of 16 (or more) smaller than dC/db_3"',
        "In most chains dC/db_1 is a sixteenth of dC/db_3 or less",
        MOSTLY,
    )(estimate=_sixteenth, unit="fraction of seeds"),
    *(_vanishes(depth) for depth in DEPTHS),
    _claim(
        "vanishes_always",
        "the vanishing gradient problem",
        "In nearly every chain of 10 neurons the first learns slower than the last",
        ALWAYS,
        10,
    )(estimate=_smaller, unit="fraction of seeds"),
    *(_explodes(depth) for depth in DEPTHS),
    _claim(
        "steep_needs_four",
        "problem before equation 123: this can only ever occur if |w| >= 4",
        "The least weight that keeps a signal from shrinking at some input is 4",
        printed(0.025),
    )(estimate=_least_steep_weight, unit="|w|, grid of 0.05", published=4.0),
    _claim(
        "steep_width",
        "equation 123",
        "The set of such inputs is as wide as equation 123 says, for |w| from 3 to 12 and any bias",
        NEVER_ABOVE_ONE,
    )(estimate=_excess_of_width, unit="gap / allowed rounding"),
    _claim(
        "widest",
        "problem after equation 123: it takes a value of about 0.45",
        "The widest such set measures 0.45",
        printed(0.005),
    )(estimate=_widest, unit="range of the input", published=0.45),
    _claim(
        "widest_at",
        "problem after equation 123: at |w| of about 6.9",
        "The set is widest at |w| = 6.9",
        printed(0.05),
    )(estimate=_weight_of_widest, unit="|w|, grid of 0.05", published=6.9),
)
