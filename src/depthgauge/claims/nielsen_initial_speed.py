"""Claims of Nielsen, ch. 5: how fast layers and neurons learn just after initialization."""

from functools import partial

import numpy as np

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.nielsen_published import BARS as PUBLISHED_BARS
from depthgauge.claims.readings import flags, initial_speeds, ratios_to_next, series
from depthgauge.claims.rules import (
    ALWAYS,
    MOSTLY,
    MUCH,
    Rule,
    published_number,
    roughly,
)
from depthgauge.claims.statistics import Values

PUBLISHED = {
    2: (0.0657, 0.3092),
    3: (0.0118, 0.0600, 0.2831),
    4: (0.00298, 0.0171, 0.0695, 0.2851),
}
"""Norm of dC/db^l averaged over 1,000 images, by depth, hidden layers from the input on.

The text rounds; these digits are step 0 of its code's fig/norms_during_training_N_layers.json.
"""

PRINTED = {
    2: ("0.07...", "0.31..."),
    3: ("0.012", "0.060", "0.283"),
    4: ("0.003", "0.017", "0.070", "0.285"),
}
"""The same as the text prints them."""

BARS = 6
"""Bars are drawn on the first six neurons of a hidden layer."""


def _speed(cells: Cells, layer: int) -> Values:
    return initial_speeds(cells[0])[:, layer - 1]


def _last_to_first(cells: Cells) -> Values:
    speeds = initial_speeds(cells[0])
    return speeds[:, -1] / speeds[:, 0]


def _least_ratio(cells: Cells) -> Values:
    """How much faster the next layer learns, for the pair of neighbours where it is least."""
    return ratios_to_next(initial_speeds(cells[0])).min(axis=1)


def _every_layer_slower(cells: Cells) -> Values:
    """1 where each hidden layer learns slower than the next, else 0."""
    ratio = _least_ratio(cells)
    return flags(ratio > 1, ratio)


def _most_bars_larger(cells: Cells, factor: float) -> Values:
    """1 where most pairs of bars differ by more than `factor`, as `_pairs_larger` counts them."""
    pairs = _pairs_larger(cells, factor)
    return flags(pairs > 0.5 * BARS**2, pairs)


def _pairs_larger(cells: Cells, factor: float) -> Values:
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


def _claim(id: str, depth: int, quote: str, statement: str, rule: Rule) -> partial[Claim]:
    """Return a claim about the initial net of this depth, short of its estimate."""
    return partial(
        Claim,
        id=f"nielsen.initial_speed.h{depth}.{id}",
        source=f'Nielsen 2015, ch. 5, "The vanishing gradient problem": "{quote}"',
        statement=statement,
        study="nielsen_initial_speed",
        cells=({"hidden": [30] * depth},),
        rule=rule,
        figure="nielsen_initial_speed",
        updates=0,
    )


def _norm(depth: int, layer: int) -> Claim:
    published, printed = PUBLISHED[depth][layer - 1], PRINTED[depth][layer - 1]
    return _claim(
        f"layer{layer}",
        depth,
        f"speeds of learning: {printed}",
        f"With {depth} hidden layers, layer {layer} starts at a speed of {published}"
        f" (printed: {printed})",
        published_number(log=True),
    )(estimate=partial(_speed, layer=layer), unit="cost per unit of bias", published=published)


def _slower(depth: int) -> Claim:
    return _claim(
        "slower",
        depth,
        "The pattern holds: early layers learn slower than later layers",
        f"With {depth} hidden layers, each starts slower than the next, in nearly every net",
        ALWAYS,
    )(estimate=_every_layer_slower, unit="fraction of seeds")


def _much_slower(depth: int) -> Claim:
    return _claim(
        "much_slower",
        depth,
        "earlier hidden layers are learning much slower than later hidden layers",
        f"With {depth} hidden layers, each starts more than twice as fast as the one before"
        " (the pair where it is least)",
        MUCH,
    )(estimate=_least_ratio, unit="ratio of speeds")


def _bars(id: str, factor: float, statement: str) -> Claim:
    return Claim(
        id=f"nielsen.neuron_bars.{id}",
        source='Nielsen 2015, ch. 5: "the bars in the second hidden layer are mostly much larger'
        ' than the bars in the first hidden layer"',
        statement=statement,
        study="nielsen_neuron_bars",
        cells=({"hidden": [30, 30]},),
        estimate=partial(_most_bars_larger, factor=factor),
        rule=MOSTLY,
        unit="fraction of seeds",
        figure="nielsen_neuron_bars",
        updates=0,
    )


def _pairs(id: str, factor: float, words: str) -> Claim:
    first, second = np.abs(PUBLISHED_BARS)
    pairs = int((second[:, None] > factor * first).sum())
    return Claim(
        id=f"nielsen.neuron_bars.{id}",
        source="Nielsen 2015, ch. 5: the bars of the figure, the data behind it"
        " (fig/initial_gradient.json)",
        statement=f"Of {BARS**2} pairs of a bar of layer 2 and one of layer 1, the first is {words}"
        f" in {pairs}",
        study="nielsen_neuron_bars",
        cells=({"hidden": [30, 30]},),
        estimate=partial(_pairs_larger, factor=factor),
        rule=published_number(),
        unit=f"pairs of {BARS**2}",
        figure="nielsen_neuron_bars",
        updates=0,
        published=float(pairs),
    )


CLAIMS = (
    *(_norm(depth, layer + 1) for depth in PUBLISHED for layer in range(depth)),
    *(_slower(depth) for depth in PUBLISHED),
    *(_much_slower(depth) for depth in PUBLISHED),
    _claim(
        "hundredfold",
        4,
        "0.003, 0.017, 0.070, and 0.285",
        "With 4 hidden layers, the last starts about 100 times faster than the first"
        " (published: 0.2851 / 0.00298)",
        roughly(100),
    )(estimate=_last_to_first, unit="ratio of speeds", published=95.7),
    _bars("larger", 1, "Of the six bars of each layer, those of layer 2 are larger in most pairs"),
    _bars(
        "much_larger",
        2,
        "Of the six bars of each layer, those of layer 2 are over twice as large in most pairs",
    ),
    _pairs("pairs_larger", 1, "larger"),
    _pairs("pairs_much_larger", 2, "over twice as large"),
)
