"""Claims of Nielsen, ch. 5, about what layers could do: nothing, lose information, learn faster."""

from functools import partial

import numpy as np
import xarray as xr

from depthgauge.claims.claim import Cells
from depthgauge.claims.convergence import validation_converged
from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.nielsen_nets import claims_about
from depthgauge.claims.readings import final_accuracy, initial_speeds, series
from depthgauge.claims.rules import (
    NEVER_ABOVE_ONE,
    ORDERING,
    close,
    factor_between,
    printed,
)
from depthgauge.claims.statistics import Values
from depthgauge.theory import identity_error
from depthgauge.theory.arrays import FLOAT64

UPDATES = 150_000
"""The protocol of the chapter's accuracies: it gives no numbers for these nets."""

CHANCE = 10.0
"""Percent correct of a net that knows nothing of the image."""

SMALL = 0.1
"""The w_1 at which an identity neuron is as good as none: its error is 0.0001."""


def identity_reading(cell: xr.Dataset, name: str, weight: float) -> Values:
    """Return `name` of the networks with identity neurons of w_1 = `weight`, (seed,)."""
    weights = cell["identity_weight"].to_numpy() if "identity_weight" in cell else []
    position = np.flatnonzero(np.isclose(weights, weight))
    if len(position) != 1:
        raise UndecidableError(f"{cell.attrs['label']} has no identity neurons of w_1 = {weight}")
    return series(cell, name, "identity_weight")[:, position[0]]


def _inserted_minus_trained(cells: Cells) -> Values:
    """Accuracy of the first cell's nets with inserted layers minus that of the last cell's nets."""
    inserted = 100 * identity_reading(cells[0], "identity_accuracy", SMALL)
    return inserted - final_accuracy(cells[-1], "validation")


def _error_over_limit(cells: Cells) -> Values:
    return identity_reading(cells[0], "identity_error", SMALL) * 96 / SMALL**2


def _excess_of_error(cells: Cells) -> Values:
    """Largest measured error over 1/2 - (2/w) tanh(w/4) and eight roundings of 4/w."""
    weights = cells[0]["identity_weight"].to_numpy()
    allowed = [identity_error(float(w)) + 8 * FLOAT64 * 4 / w for w in weights]
    measured = series(cells[0], "identity_error", "identity_weight")
    return (measured / np.array(allowed)).max(axis=1)


def _literal_error(cells: Cells) -> Values:
    return series(cells[0], "literal_error")


def _difference(cells: Cells) -> Values:
    """Accuracy of the first cell minus that of the second."""
    first, second = (final_accuracy(cell, "validation") for cell in cells)
    return first - second


def _share_kept(cells: Cells) -> Values:
    """How far above chance the first cell's nets come, as a part of the second's."""
    first, second = (final_accuracy(cell, "validation") - CHANCE for cell in cells)
    return first / second


def _shallower_profile(cells: Cells) -> Values:
    """Log of last / first initial speed in the first cell's nets minus that in the second's."""
    speeds = [np.log(initial_speeds(cell)) for cell in cells]
    first, second = (each[:, -1] - each[:, 0] for each in speeds)
    return first - second


_claim = claims_about("nielsen_capacity", "model", "nielsen.capacity", "Nielsen 2015, ch. 5")

_AT_THE_END = partial(dict, updates=UPDATES, convergence=validation_converged)
_NOTHING = '"the extra hidden layers can, in the worst case, simply do nothing"'
_EXERCISE = "the exercise on the identity neuron"
_LOSES = '"the first layer throws away most information about the input image"'
_LARGER = "problem: an activation whose derivative could be much larger"

CLAIMS = (
    _claim(
        "identity_keeps",
        _NOTHING,
        "Two layers of identity neurons behind a trained net change its accuracy by less than 0.05"
        " points",
        [("plain", 2)],
        close(0.05),
    )(estimate=_inserted_minus_trained, unit="percentage points"),
    _claim(
        "training_misses_it",
        "yet training does not find that",
        "Two hidden layers trained, two of identity neurons put behind, beat four trained ones",
        [("plain", 2), ("plain", 4)],
        ORDERING,
    )(estimate=_inserted_minus_trained, unit="percentage points", **_AT_THE_END()),
    _claim(
        "identity_error",
        _EXERCISE,
        "An identity neuron of w_1 = 0.1 errs by about w_1^2/96 on what trained neurons say",
        [("plain", 2)],
        factor_between("about", 0.9, 1.1),
    )(estimate=_error_over_limit, unit="error / (w^2/96)", published=1.0),
    _claim(
        "identity_error_bound",
        _EXERCISE,
        "No identity neuron, w_1 from 0.1 to 4, errs by more than 1/2 - (2/w_1) tanh(w_1/4)",
        [("plain", 2)],
        NEVER_ABOVE_ONE,
    )(estimate=_excess_of_error, unit="error / allowed error"),
    _claim(
        "literal_identity",
        f"{_EXERCISE}, read literally: w_2 sigma(w_1 x + b) without a bias behind it",
        "The best such neuron errs by 0.063 at worst",
        [("plain", 2)],
        printed(0.0005),
    )(estimate=_literal_error, unit="sup error", published=0.063),
    _claim(
        "frozen_is_worse",
        _LOSES,
        "A net whose random first layer is kept classifies worse than one trained throughout",
        [("plain", 2), ("frozen", 2)],
        ORDERING,
    )(estimate=_difference, unit="percentage points", **_AT_THE_END()),
    _claim(
        "frozen_loses_most",
        _LOSES,
        "Behind a random first layer, training comes less than half as far above chance",
        [("frozen", 2), ("plain", 2)],
        factor_between("most is lost", 0, 0.5),
    )(estimate=_share_kept, unit="share kept", **_AT_THE_END()),
    _claim(
        "larger_slope_at_start",
        _LARGER,
        "With 4 hidden layers, gradients of sigmoid nets fall more toward the input than of tanh's",
        [("plain", 4), ("tanh", 4)],
        ORDERING,
    )(estimate=_shallower_profile, unit="log of ratio of speeds"),
    *(
        _claim(
            f"larger_slope_classifies.h{depth}",
            _LARGER,
            f"With {depth} hidden layers, tanh nets classify better than sigmoid ones",
            [("tanh", depth), ("plain", depth)],
            ORDERING,
        )(estimate=_difference, unit="percentage points", **_AT_THE_END())
        for depth in (2, 4)
    ),
)
