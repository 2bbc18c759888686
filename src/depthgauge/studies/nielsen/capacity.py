"""Nielsen, ch. 5, about what layers could do: nothing, lose information, learn faster."""

import numpy as np
import xarray as xr

from depthgauge.claims.claim import Cells
from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.readings import final_accuracy, initial_speeds, series
from depthgauge.claims.statistics import Values
from depthgauge.theory import identity_error
from depthgauge.theory.arrays import FLOAT64

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


def inserted_minus_trained(cells: Cells) -> Values:
    """Accuracy of the first cell's nets with inserted layers minus that of the last cell's nets."""
    inserted = 100 * identity_reading(cells[0], "identity_accuracy", SMALL)
    return inserted - final_accuracy(cells[-1], "validation")


def error_over_limit(cells: Cells) -> Values:
    """Return the error of identity neurons of w_1 = SMALL over w_1^2/96, (seed,)."""
    return identity_reading(cells[0], "identity_error", SMALL) * 96 / SMALL**2


def excess_of_error(cells: Cells) -> Values:
    """Largest measured error over 1/2 - (2/w) tanh(w/4) and eight roundings of 4/w."""
    weights = cells[0]["identity_weight"].to_numpy()
    allowed = [identity_error(float(w)) + 8 * FLOAT64 * 4 / w for w in weights]
    measured = series(cells[0], "identity_error", "identity_weight")
    return (measured / np.array(allowed)).max(axis=1)


def share_kept(cells: Cells) -> Values:
    """How far above chance the first cell's nets come, as a part of the second's."""
    first, second = (final_accuracy(cell, "validation") - CHANCE for cell in cells)
    return first / second


def shallower_profile(cells: Cells) -> Values:
    """Log of last / first initial speed in the first cell's nets minus that in the second's."""
    speeds = [np.log(initial_speeds(cell)) for cell in cells]
    first, second = (each[:, -1] - each[:, 0] for each in speeds)
    return first - second
