"""Claims of Glorot and Bengio, section 5: layers that grow or shrink gain as equal ones do."""

from functools import partial

import numpy as np

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.convergence import validation_converged
from depthgauge.claims.glorot_error import UPDATES, unlike_the_paper
from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.rates import at_chosen_rate, final_test_error
from depthgauge.claims.rules import Rule, ordering, roughly
from depthgauge.claims.statistics import Values

SHAPES = ("growing", "shrinking", "equal")
"""Of the hidden layers from the input on; the same number of units in all."""


def _gain(cells: Cells) -> Values:
    """Test error of standard minus normalized initialization, seed by seed; points."""
    standard, normalized = (final_test_error(cell) for cell in cells)
    return standard - normalized


def _ratio_of_gains(cells: Cells) -> Values:
    """Gain of the first two cells over that of the last two, seed by seed."""
    gains = np.stack([_gain(cells[:2]), _gain(cells[2:])])
    if (gains <= 0).any():
        raise UndecidableError("a seed gains nothing, so there is no ratio of gains")
    return gains[0] / gains[1]


def _claim(id: str, statement: str, shapes: tuple[str, ...], rule: Rule) -> partial[Claim]:
    """Return a claim about Tanh and Tanh N in these shapes, short of its estimate."""
    return partial(
        Claim,
        id=f"glorot.widths.{id}",
        source="Glorot and Bengio 2010, section 5: layers of growing or shrinking size",
        statement=f"Shapeset-3x2, 5 hidden layers of Tanh: {statement}",
        study="glorot_widths",
        cells=tuple(
            {"model": f"{model}_{shape}"} for shape in shapes for model in ("tanh", "tanh_n")
        ),
        rule=rule,
        figure="glorot_widths",
        updates=UPDATES,
        dataset="shapeset",
        select=at_chosen_rate,
        doubt=unlike_the_paper,
        convergence=validation_converged,
    )


def _helps(shape: str) -> Claim:
    return _claim(
        f"{shape}.normalized_better",
        f"layers of {shape} size end with a smaller test error from normalized initialization",
        (shape,),
        ordering(),
    )(estimate=_gain, unit="percentage points")


def _same_gain(shape: str) -> Claim:
    return _claim(
        f"{shape}.same_gain",
        f"layers of {shape} size gain as much from it as layers of equal size",
        (shape, "equal"),
        roughly(1),
    )(estimate=_ratio_of_gains, unit="ratio of gains", published=1)


CLAIMS = (
    *(_helps(shape) for shape in SHAPES),
    *(_same_gain(shape) for shape in SHAPES if shape != "equal"),
)
