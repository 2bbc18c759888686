"""The learning rate of a cell that was trained with several: chosen on the validation images.

Source: Glorot and Bengio, section 2.3: "the learning rate was tuned on the validation set". The
choice is a function of the record alone, and the test images have no part in it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.readings import series
from depthgauge.claims.statistics import Values

SEARCHED = "rates_searched"
"""Attribute of a record whose rate was chosen before it was trained."""


def final_errors(cell: xr.Dataset) -> dict[float, float]:
    """Return rate -> mean over seeds of the validation error after the last step, in percent.

    Infinite where a seed diverged: such a rate is never chosen. Rates ascend.
    """
    error = 100 * (1 - series(cell, "accuracy_validation", "evaluation_step")[:, -1])
    error = np.where(cell["diverged_at"].to_numpy() < 0, error, np.inf)
    rates = cell["learning_rate"].to_numpy()
    return {float(rate): float(error[rates == rate].mean()) for rate in np.unique(rates)}


def chosen_rate(errors: dict[float, float], label: str) -> float:
    """Return the rate of the smallest error, the lower one of two that are level.

    Raises UndecidableError when every rate diverged.
    """
    rate = min(errors, key=lambda each: (errors[each], each))
    if not np.isfinite(errors[rate]):
        raise UndecidableError(
            f"every rate diverged: {', '.join(f'{each:g}' for each in errors)} for {label};"
            " train with lower ones, learning_rate=[...]"
        )
    return rate


def at_chosen_rate(cell: xr.Dataset) -> xr.Dataset:
    """Return the replicas of `cell` at its chosen rate, which the label then names.

    Attribute `rate_doubt` says why the choice decides nothing, or is "": at an edge of the grid a
    better rate may lie beyond.
    """
    errors = final_errors(cell)
    rate = chosen_rate(errors, cell.attrs["label"])
    kept = cell.isel(replica=np.flatnonzero(cell["learning_rate"].to_numpy() == rate))
    attrs: dict[str, Any] = {
        "label": f"{cell.attrs['label']}, learning rate {rate:g} of {in_words(errors)}",
        "rate_doubt": _edge(rate, searched(cell), cell.attrs["label"]),
    }
    return kept.assign_attrs(attrs)


def searched(cell: xr.Dataset) -> list[float]:
    """Return the grid that the rate was chosen from, ascending.

    A night's second stage trains at one rate alone; attribute `rates_searched` then holds the grid
    of the first.
    """
    return [float(rate) for rate in cell.attrs.get(SEARCHED, np.unique(cell["learning_rate"]))]


def in_words(rates: dict[float, float]) -> str:
    """Return the grid as in "0.01, 0.1 and 1 (diverged)"."""
    *others, last = (
        f"{rate:g}" if np.isfinite(error) else f"{rate:g} (diverged)"
        for rate, error in rates.items()
    )
    return f"{', '.join(others)} and {last}" if others else last


def final_test_error(cell: xr.Dataset) -> Values:
    """Return the test error after the last step in percent, (seed,)."""
    return 100 * (1 - series(cell, "accuracy_test", "evaluation_step")[:, -1])


def difference(cells: Sequence[xr.Dataset]) -> Values:
    """Return the test error of the first cell minus that of the second, (seed,), in points."""
    first, second = map(final_test_error, cells)
    return first - second


def _edge(rate: float, grid: list[float], label: str) -> str:
    if rate not in (grid[0], grid[-1]):
        return ""
    end = "lowest" if rate == grid[0] else "highest"
    return f"the rate chosen for {label}, {rate:g}, is the {end} of its grid"
