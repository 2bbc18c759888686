"""Claims of Nielsen, ch. 5: the curves that he drew are like those of one more net of ours."""

from collections.abc import Callable
from functools import partial

import numpy as np

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.curve_rule import published_curve
from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.nielsen_published import NUMBERS, SPEEDS, STEPS
from depthgauge.claims.nielsen_training_speed import FULL_BATCH, UPDATES
from depthgauge.claims.readings import hidden_speeds
from depthgauge.claims.rules import Rule, published_number
from depthgauge.claims.statistics import Values


def _speeds(cells: Cells) -> Values:
    """Return speeds before each of the 500 steps, (seed, step, hidden layer)."""
    steps = cells[0]["gradient_step"].to_numpy()
    if not np.array_equal(steps[:UPDATES], np.arange(UPDATES)):
        label, last = cells[0].attrs["label"], cells[0].attrs["config"]["steps"]
        raise UndecidableError(
            f"{last} of {UPDATES} updates: the record of {label} does not hold every step"
        )
    return hidden_speeds(cells[0])[:, :UPDATES]


def _curve(cells: Cells, layer: int) -> Values:
    """Return one layer's speed at the steps of the published curve, (seed, step)."""
    return _speeds(cells)[:, STEPS, layer - 1]


def _lowest(cells: Cells, layer: int) -> Values:
    """Return the step at which a layer's speed is least, (seed,)."""
    return np.argmin(_speeds(cells)[..., layer - 1], axis=1).astype(np.float64)


def _last_to_first(cells: Cells, reduce: Callable[[Values], Values]) -> Values:
    """Return `reduce` of the last over the first hidden layer's speed, (seed, step) -> (seed,)."""
    speeds = _speeds(cells)
    return reduce(speeds[..., -1] / speeds[..., 0])


def _least(ratios: Values) -> Values:
    return ratios.min(axis=1)


def _largest(ratios: Values) -> Values:
    return ratios.max(axis=1)


def _at_the_end(ratios: Values) -> Values:
    return ratios[:, -1]


def _typical(ratios: Values) -> Values:
    return np.exp(np.log(ratios).mean(axis=1))


def _claim(id: str, depth: int, statement: str, rule: Rule) -> partial[Claim]:
    """Return a claim about the curves of the full-batch run at this depth, without estimate."""
    return partial(
        Claim,
        id=f"nielsen.curves.{id}",
        source=f"Nielsen 2015, ch. 5, curves for {depth} hidden layers: the data behind the figure"
        f" (fig/norms_during_training_{depth}_layers.json)",
        statement=f"{depth} hidden layers: {statement}",
        study="nielsen_training_speed",
        cells=({"hidden": [30] * depth, "batch_size": FULL_BATCH},),
        rule=rule,
        figure=f"nielsen_training_speed_{depth}",
        updates=UPDATES,
    )


def _whole(depth: int, layer: int) -> Claim:
    return _claim(
        f"h{depth}.layer{layer}",
        depth,
        f"the published speed of layer {layer} over 500 steps is like that of one more net",
        published_curve(SPEEDS[depth][layer - 1]),
    )(estimate=partial(_curve, layer=layer), unit="share of steps")


def _turning_point(depth: int, layer: int) -> Claim:
    id = f"h{depth}.layer{layer}_lowest"
    return _claim(
        id, depth, f"layer {layer} learns slowest at step {NUMBERS[id]:g}", published_number()
    )(estimate=partial(_lowest, layer=layer), unit="step", published=NUMBERS[id])


RATIOS = {
    "least": (_least, "at the least"),
    "largest": (_largest, "at the most"),
    "last": (_at_the_end, "before the last step"),
    "typical": (_typical, "on average (geometric mean over steps)"),
}
"""What is asked of the ratio of the last hidden layer's speed to the first one's, and its words."""


def _ratio(id: str) -> Claim:
    depth, name = int(id[1]), id.split(".")[1].removesuffix("_ratio")
    reduce, when = RATIOS[name]
    return _claim(
        id,
        depth,
        f"the last layer learns {NUMBERS[id]:.3g} times as fast as the first {when}",
        published_number(log=True),
    )(
        estimate=partial(_last_to_first, reduce=reduce),
        unit="ratio of speeds",
        published=NUMBERS[id],
    )


CLAIMS = (
    *(_whole(depth, layer + 1) for depth in SPEEDS for layer in range(depth)),
    # Not of 3 layers: some of our nets rebound from step 64 on, others not within the 500 steps, so
    # an interval for one more net would hold every step.
    *(_turning_point(2, layer) for layer in (1, 2)),
    *(_ratio(id) for id in NUMBERS if id.endswith("_ratio")),
)
