"""Claims of Nielsen, ch. 5: how fast layers learn during 500 full-batch steps on 1,000 images."""

from functools import partial

import numpy as np

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.readings import final_accuracy, flags, hidden_speeds, ratios_to_next
from depthgauge.claims.rules import ALWAYS, MOSTLY, MUCH, Rule, roughly
from depthgauge.claims.statistics import Values

UPDATES = 500
FULL_BATCH = 1000
DEPTHS = (2, 3, 4)

EARLY = 0.1
"""The part of the steps within which a drop counts as very quick."""

ONE_CLASS = 12.0
"""Percent: an accuracy that naming one class for every image reaches, and hardly anything else.

The most frequent digit has 11.7 % of the first 1,000 training images, 11.4 % of all 50,000.
"""


def _always_faster(cells: Cells, layer: int, factor: float) -> Values:
    """1 where hidden layer `layer` + 1 learns over `factor` times faster at every recorded step."""
    ratios = ratios_to_next(hidden_speeds(cells[0]))[..., layer - 1]
    return flags(ratios > factor, ratios)


def _least_typical_ratio(cells: Cells) -> Values:
    """Geometric mean over steps of the ratio to the next layer, for the pair where it is least."""
    return np.exp(np.log(ratios_to_next(hidden_speeds(cells[0]))).mean(axis=1)).min(axis=1)


def _typical_last_to_first(cells: Cells) -> Values:
    """Geometric mean over steps of the last hidden layer's speed over the first one's."""
    speeds = hidden_speeds(cells[0])
    return np.exp(np.log(speeds[..., -1] / speeds[..., 0]).mean(axis=1))


def _drops_and_rebounds(cells: Cells) -> Values:
    """1 where each hidden layer more than halves early, then more than doubles from its low point.

    The low point is the least speed within the first tenth of the steps.
    """
    speeds = hidden_speeds(cells[0])
    early = round(EARLY * cells[0].attrs["config"]["steps"]) + 1
    low = speeds[:, :early].min(axis=1)
    rebound = speeds[:, early:].max(axis=1, initial=0)
    return flags((speeds[:, 0] > 2 * low) & (rebound > 2 * low), speeds)


def _names_one_class(cells: Cells) -> Values:
    """1 where the accuracy after the last step is that of one class for every image."""
    accuracy = final_accuracy(cells[0], "train")
    return flags(accuracy < ONE_CLASS, accuracy)


SLOWER = {
    2: '"through it all, the first hidden layer learns much more slowly than the second"',
    3: '"Again, early hidden layers learn much more slowly than later hidden layers"',
    4: '"Again, early hidden layers learn much more slowly than later hidden layers"',
}


def _claim(id: str, depth: int, quote: str, statement: str, rule: Rule) -> partial[Claim]:
    """Return a claim about the full-batch run at this depth, short of its estimate."""
    return partial(
        Claim,
        id=f"nielsen.training_speed.h{depth}.{id}",
        source=f"Nielsen 2015, ch. 5, curves for {depth} hidden layers: {quote}",
        statement=f"{depth} hidden layers: {statement}",
        study="nielsen_training_speed",
        cells=({"hidden": [30] * depth, "batch_size": FULL_BATCH},),
        rule=rule,
        figure=f"nielsen_training_speed_{depth}",
        updates=UPDATES,
    )


def _slower(depth: int, layer: int) -> Claim:
    return _claim(
        f"layer{layer}_slower",
        depth,
        SLOWER[depth],
        f"layer {layer} learns slower than layer {layer + 1} at every recorded step",
        ALWAYS,
    )(estimate=partial(_always_faster, layer=layer, factor=1), unit="fraction of seeds")


def _much_slower(depth: int) -> Claim:
    return _claim(
        "much_slower",
        depth,
        SLOWER[depth],
        "each layer typically learns more than twice as fast as the one before (geometric mean"
        " over steps, the pair where it is least)",
        MUCH,
    )(estimate=_least_typical_ratio, unit="ratio of speeds")


def _plateau(depth: int) -> Claim:
    return _claim(
        "plateau",
        depth,
        "beside them, a finding of this project",
        f"after the {UPDATES} steps the net still names one class for every image",
        MOSTLY,
    )(estimate=_names_one_class, unit="fraction of seeds")


CLAIMS = (
    *(_slower(depth, layer) for depth in DEPTHS for layer in range(1, depth)),
    *(_much_slower(depth) for depth in DEPTHS),
    # Said literally of every step. The chapter's own curve comes down to a ratio of 1.2 near
    # step 70 (fig/norms_during_training_2_layers.json), so a net like its own does not count.
    _claim(
        "much_slower_throughout",
        2,
        SLOWER[2],
        "layer 2 learns more than twice as fast as layer 1 at every recorded step (the published"
        " curve itself comes down to 1.2 times)",
        ALWAYS,
    )(estimate=partial(_always_faster, layer=1, factor=2), unit="fraction of seeds"),
    _claim(
        "drops_and_rebounds",
        2,
        '"drops very quickly, before rebounding"',
        "both speeds more than halve within the first 50 steps, then more than double again",
        MOSTLY,
    )(estimate=_drops_and_rebounds, unit="fraction of seeds"),
    _claim(
        "hundredfold",
        4,
        '"the first hidden layer is learning roughly 100 times slower than the final hidden layer"',
        "layer 1 learns about 100 times slower than layer 4 (geometric mean over steps)",
        roughly(100),
    )(estimate=_typical_last_to_first, unit="ratio of speeds", published=100),
    *(_plateau(depth) for depth in (3, 4)),
)
