"""Claims of Glorot and Bengio, Fig. 2 and section 3.1: what becomes of sigmoid layers."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.glorot_saturation import STUDY, UPDATES, first_steps, hidden_activations
from depthgauge.claims.readings import flags
from depthgauge.claims.rules import Rule, between, mostly, ordering
from depthgauge.claims.statistics import Values

EPOCH = 20_000
"""Updates of an epoch, printed on the axis of Fig. 2: "Epochs of 20k mini-batch updates"."""
AT_ONCE = 1000
"""Updates within which something happens "very quickly at the beginning"."""
LOW = 0.1
"""A layer whose mean activation is below this is saturated at 0."""
RISE = 2
"""A saturated layer whose mean is over so many times its least value so far has left saturation.

In Fig. 2 that happens at epoch 98, where the text says "around epoch 100"; the mean stays below
0.1 to the last epoch shown, 140.
"""


def _at_lowest_top(cells: Cells) -> Values:
    """Mean activations of the hidden layers, (seed, layer), when the top one's is lowest early."""
    steps, means = hidden_activations(cells, "activation_mean")
    early = means[:, steps <= AT_ONCE]
    return early[np.arange(len(early)), early[..., -1].argmin(axis=1)]


def _lowest_top(cells: Cells) -> Values:
    return _at_lowest_top(cells)[:, -1]


def _least_above_half(cells: Cells) -> Values:
    """How far the lowest of the other layers is above 0.5 then."""
    return _at_lowest_top(cells)[:, :-1].min(axis=1) - 0.5


def _least_rise(cells: Cells) -> Values:
    """By how much the mean rises from one of the other layers to the next, where it is least."""
    return np.diff(_at_lowest_top(cells)[:, :-1], axis=1).min(axis=1)


def _saturated_and_left(top: Values) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether the top layer has been saturated by each step, and whether it then is no more."""
    since = np.maximum.accumulate(top < LOW, axis=1)
    return since, since & (top > RISE * np.minimum.accumulate(top, axis=1))


def _escapes_around(cells: Cells, epoch: int) -> Values:
    """1 where the top layer leaves its saturation within a factor of 2 of `epoch`."""
    steps, means = hidden_activations(cells, "activation_mean")
    _, left = _saturated_and_left(means[..., -1])
    escape = first_steps(left, steps) / EPOCH
    return flags((epoch / 2 < escape) & (escape < 2 * epoch), means)


def _never_escapes(cells: Cells) -> Values:
    """1 where the top layer saturates and stays so to the end."""
    _, means = hidden_activations(cells, "activation_mean")
    since, left = _saturated_and_left(means[..., -1])
    return flags(since[:, -1] & ~left.any(axis=1), means)


def _claim(id: str, model: str, statement: str, rule: Rule, updates: int) -> partial[Claim]:
    """Return a claim about a sigmoid net, short of its estimate."""
    return partial(
        Claim,
        id=f"glorot.saturation.sigmoid_{id}",
        source="Glorot and Bengio 2010, Fig. 2 and section 3.1: sigmoid layers over training",
        statement=statement,
        study=STUDY,
        cells=({"model": model},),
        rule=rule,
        figure="glorot_saturation_sigmoid",
        updates=updates,
        dataset="shapeset",
    )


CLAIMS = (
    _claim(
        "top_to_zero",
        "sigmoid_4",
        f"With four hidden layers the top one's mean activation falls below {LOW} within"
        f" {AT_ONCE:,} updates",
        between("to 0", 0, LOW),
        AT_ONCE,
    )(estimate=_lowest_top, unit="activation"),
    _claim(
        "others_above_half",
        "sigmoid_4",
        "When the top layer is lowest then, the others' mean activations are above 0.5",
        ordering(),
        AT_ONCE,
    )(estimate=_least_above_half, unit="activation"),
    _claim(
        "lower_toward_input",
        "sigmoid_4",
        "When the top layer is lowest then, the others' means fall layer by layer to the input",
        ordering(),
        AT_ONCE,
    )(estimate=_least_rise, unit="activation"),
    _claim(
        "escapes",
        "sigmoid_4",
        f"With four hidden layers the top one leaves saturation (its mean rises above {RISE} times"
        f" the least so far) around epoch 100, between epochs 50 and 200 of {EPOCH:,} updates",
        mostly(),
        UPDATES,
    )(estimate=partial(_escapes_around, epoch=100), unit="fraction of seeds"),
    _claim(
        "never_escapes",
        "sigmoid",
        f"With five hidden layers the top one saturates and never rises above {RISE} times its"
        " least mean so far",
        mostly(),
        UPDATES,
    )(estimate=_never_escapes, unit="fraction of seeds"),
)
