"""Claims of Glorot and Bengio about nets that are pre-trained without labels."""

from functools import partial

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.convergence import validation_converged
from depthgauge.claims.glorot_error import UPDATES, unlike_the_paper
from depthgauge.claims.rates import at_chosen_rate, final_test_error
from depthgauge.claims.readings import flags, series
from depthgauge.claims.rules import Rule, always, ordering
from depthgauge.claims.statistics import Values

SATURATED = 0.1
"""A sigmoid layer is saturated at 0 where its mean activation on the test examples is below."""


def _top(cells: Cells) -> Values:
    """Mean activation of the last hidden layer of the first cell, (seed, step)."""
    return series(cells[0], "activation_mean", "activation_step", "layer")[..., -2]


def _never_saturates(cells: Cells) -> Values:
    """1 where the top hidden layer of the first cell is above SATURATED at every recorded step."""
    top = _top(cells)
    return flags(top > SATURATED, top)


def _others_saturated(cells: Cells) -> str:
    """A shorter run decides once the nets without pre-training have saturated: it happens early."""
    lowest = _top(cells[1:]).min(axis=1)
    free = int((lowest > SATURATED).sum())
    return f"{free} of {len(lowest)} nets without pre-training had not saturated" if free else ""


def _difference(cells: Cells) -> Values:
    """Test error without pre-training minus with it, seed by seed."""
    pretrained, plain = (final_test_error(cell) for cell in cells)
    return plain - pretrained


def _claim(id: str, source: str, statement: str, rule: Rule) -> partial[Claim]:
    """Return a claim about nets with and without pre-training, short of its estimate."""
    return partial(
        Claim,
        id=f"glorot.pretraining.{id}",
        source=f"Glorot and Bengio 2010, {source}",
        statement=f"Shapeset-3x2, 4 hidden layers of sigmoid units: {statement}",
        study="glorot_pretraining",
        cells=({"model": "pretrained"}, {"model": "sigmoid"}),
        rule=rule,
        figure="glorot_pretraining",
        updates=UPDATES,
        dataset="shapeset",
        select=at_chosen_rate,
        doubt=unlike_the_paper,
    )


CLAIMS = (
    _claim(
        "unsaturated",
        "section 3.1: pre-trained sigmoid networks do not show the saturation",
        "after pre-training the mean activation of the top hidden layer stays above"
        f" {SATURATED:g} at every recorded step",
        always(),
    )(estimate=_never_saturates, unit="fraction of seeds", convergence=_others_saturated),
    _claim(
        "error",
        "Fig. 11: the pre-trained net as reference",
        "with pre-training the net ends with a smaller test error than without",
        ordering(),
    )(estimate=_difference, unit="percentage points", convergence=validation_converged),
)
