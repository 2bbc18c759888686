"""Claims of Nielsen, ch. 5, opening experiments: what depth does to the accuracy on MNIST."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.convergence import validation_converged
from depthgauge.claims.readings import final_accuracy
from depthgauge.claims.rules import (
    NOT_MUCH,
    NOT_SIGNIFICANT,
    ORDERING,
    Rule,
    close,
    published_number,
)
from depthgauge.claims.statistics import Values

PUBLISHED = {1: 96.48, 2: 96.90, 3: 96.57, 4: 96.53}
"""Accuracy on the 10,000 validation images after epoch 30, by number of hidden layers; percent."""

UPDATES = 150_000
"""30 epochs of 50,000 images in mini-batches of 10."""

LITTLE = 0.42
"""Percentage points that "a little more depth" brought, 96.90 - 96.48: the yardstick of "close"."""


def _accuracies(cells: Cells) -> Values:
    """Return percent correct on the validation images after the last step, (seed, cell)."""
    return np.stack([final_accuracy(cell, "validation") for cell in cells], axis=1)


def _one_accuracy(cells: Cells) -> Values:
    return _accuracies(cells)[:, 0]


def _difference(cells: Cells) -> Values:
    """First cell minus second, seed by seed."""
    first, second = _accuracies(cells).T
    return first - second


def _error_ratio(cells: Cells) -> Values:
    """Error of the first cell over the least error of the others, seed by seed.

    Picking the best of several flatters depth, so the claim that it helps little is not favoured.
    """
    error = 100 - _accuracies(cells)
    return error[:, 0] / error[:, 1:].min(axis=1)


def _claim(
    id: str, quote: str, statement: str, depths: Sequence[int], rule: Rule
) -> partial[Claim]:
    """Return a claim about nets of these numbers of hidden layers, short of its estimate."""
    return partial(
        Claim,
        id=f"nielsen.{id}",
        source=f'Nielsen 2015, ch. 5: "{quote}"',
        statement=statement,
        study="nielsen_accuracy",
        cells=tuple({"hidden": [30] * depth} for depth in depths),
        rule=rule,
        figure="nielsen_accuracy",
        updates=UPDATES,
        convergence=validation_converged,
    )


def _number(depth: int) -> Claim:
    layers = "1 hidden layer" if depth == 1 else f"{depth} hidden layers"
    statement = f"A net with {layers} of 30 classifies {PUBLISHED[depth]:.2f} % after 30 epochs"
    return _claim(
        f"accuracy.h{depth}",
        f"{PUBLISHED[depth]:.2f} percent",
        statement,
        [depth],
        published_number(),
    )(estimate=_one_accuracy, unit="%", published=PUBLISHED[depth])


def _comparison(
    id: str, quote: str, statement: str, depths: tuple[int, int], rule: Rule = ORDERING
) -> Claim:
    """Return a claim about the accuracy at the first of two depths minus that at the second."""
    first, second = depths
    return _claim(f"depth.{id}", quote, statement, depths, rule)(
        estimate=_difference,
        unit="percentage points",
        published=round(PUBLISHED[first] - PUBLISHED[second], 2),
    )


CLAIMS = (
    *(_number(depth) for depth in PUBLISHED),
    _comparison(
        "two_above_one",
        "a little more depth is helping",
        "Two hidden layers classify better than one",
        (2, 1),
    ),
    _comparison(
        "three_below_two",
        "That doesn't help at all. In fact, the result drops back down",
        "Three hidden layers classify worse than two",
        (2, 3),
    ),
    _comparison(
        "four_below_two",
        "The classification accuracy drops again",
        "Four hidden layers classify worse than two",
        (2, 4),
    ),
    _comparison(
        "three_near_one",
        "close to our original shallow network",
        f"Three hidden layers classify about as well as one (within {LITTLE} points, what the"
        " second layer brought)",
        (3, 1),
        close(LITTLE),
    ),
    _claim(
        "depth.last_drop_insignificant",
        "probably not a statistically significant drop",
        "The drop from three to four hidden layers is less than two single runs can show"
        " (measured: the least that they could)",
        (3, 4),
        NOT_SIGNIFICANT,
    )(
        estimate=_accuracies,
        unit="percentage points",
        published=round(PUBLISHED[3] - PUBLISHED[4], 2),
    ),
    _claim(
        "depth.adds_little",
        "our deep networks not performing much (if at all) better than shallow networks",
        "One hidden layer makes less than twice the errors of the best of two, three and four",
        (1, 2, 3, 4),
        NOT_MUCH,
    )(estimate=_error_ratio, unit="ratio of errors"),
)
