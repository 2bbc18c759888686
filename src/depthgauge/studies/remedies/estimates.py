"""Remedies, each against a deep plain net: errors, initial gradients, and updates."""

import numpy as np
import xarray as xr

from depthgauge.claims.claim import Cells
from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.rates import final_test_error
from depthgauge.claims.readings import series
from depthgauge.claims.statistics import Values

TEST_IMAGES = 10_000
"""Of MNIST; the study may look at fewer."""

STANDARD_ERRORS = 3
"""An error within this many binomial standard errors of naming one class is that of a net which
learned nothing: one that names classes blindly errs by less in one case of 700."""


def lowest_rate(cell: xr.Dataset) -> xr.Dataset:
    """Return the replicas at the lowest rate: before the first step a seed's are all the same."""
    rates = cell["learning_rate"].to_numpy()
    return cell.isel(replica=np.flatnonzero(rates == rates.min()))


def learning_in_doubt(cells: Cells) -> str:
    """Return why the test errors of two cells tell nothing, or "".

    Neither net may have learned anything. The worse one may have its rate from an edge of the grid:
    a better one beyond could turn the order around, unless the net learned nothing at any rate.
    """
    better, worse = sorted(cells, key=lambda cell: float(final_test_error(cell).mean()))
    if not _learned(better):
        return "neither network learned: both err as often as one that always gives the same class"
    return str(worse.attrs["rate_doubt"]) if _learned(worse) else ""


def _learned(cell: xr.Dataset) -> bool:
    return bool(final_test_error(cell).mean() < least_error_without_learning(cell))


def least_error_without_learning(cell: xr.Dataset) -> float:
    """Return the test error in percent below which a net has learned something from its inputs.

    The error of naming the commonest class of the very images that were looked at, minus
    STANDARD_ERRORS of a binomial proportion: a function of the data, not of any result.
    """
    error = float(series(cell, "one_class_error_test")[0])
    images = cell.attrs["config"]["evaluation"]["images"] or TEST_IMAGES
    return float(100 * (error - STANDARD_ERRORS * np.sqrt(error * (1 - error) / images)))


def initial_gradients(cell: xr.Dataset) -> Values:
    """Return |dC/dw^l| before the first step, (seed, hidden layer)."""
    if int(cell["gradient_step"][0]) != 0:
        raise UndecidableError(f"the record of {cell.attrs['label']} does not hold step 0")
    return series(cell, "weight_gradient_norm", "gradient_step", "layer")[:, 0, :-1]


def gradient_ratio(cells: Cells) -> Values:
    """Of the first cell's gradients to the second's: geometric mean over hidden layers."""
    first, second = (np.log(initial_gradients(cell)).mean(axis=1) for cell in cells)
    return np.exp(first - second)


def last_to_first_gradient(cells: Cells) -> Values:
    """Weight gradient of the last hidden layer over that of the first before training, (seed,)."""
    gradients = initial_gradients(cells[0])
    return gradients[:, -1] / gradients[:, 0]


def evener_updates(cells: Cells) -> Values:
    """How many times further apart the update ratios of equal hidden layers are in the first cell.

    Largest over smallest layer; geometric mean over steps; (seed,).
    """
    first, second = map(_spread_of_updates, cells)
    return first / second


def _spread_of_updates(cell: xr.Dataset) -> Values:
    ratios = series(cell, "update_ratio", "update_step", "layer")[..., 1:-1]
    return np.exp(np.log(ratios.max(axis=-1) / ratios.min(axis=-1)).mean(axis=1))
