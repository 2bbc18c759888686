"""Glorot and Bengio's test errors: Table 1, Figs. 11 and 12, and whose order they speak of."""

import numpy as np
import xarray as xr

from depthgauge.claims.claim import Cells
from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.rates import difference, final_test_error
from depthgauge.claims.readings import series
from depthgauge.claims.statistics import Values

WIDTH = 1000
"""Units of each hidden layer."""

TEST_IMAGES = 10_000
"""Of each of the four data sets (section 2). All seeds share the test images, so an interval over
seeds does not contain their error: with 450 of them one binomial standard error is 2 points."""


def final_error(cells: Cells) -> Values:
    """Test error of the first cell after the last step in percent, (seed,)."""
    return final_test_error(cells[0])


def error_at(cells: Cells, updates: int) -> Values:
    """Test error of the first cell in percent after `updates` updates, (seed,)."""
    accuracy = series(cells[0], "accuracy_test", "evaluation_step")
    steps = cells[0]["evaluation_step"].to_numpy()
    if updates not in steps:
        raise UndecidableError(f"{cells[0].attrs['label']} was not evaluated at step {updates}")
    return 100 * (1 - accuracy[:, int(np.searchsorted(steps, updates))])


def difference_at(cells: Cells, updates: int) -> Values:
    """Test error of the first cell minus that of the second after `updates` updates."""
    return error_at(cells[:1], updates) - error_at(cells[1:], updates)


def difference_of_gains(cells: Cells) -> Values:
    """(first - second) - (third - fourth) of four test errors, seed by seed."""
    return difference(cells[:2]) - difference(cells[2:])


def ratio_of_gains(cells: Cells) -> Values:
    """Gain of the first two cells over that of the last two, seed by seed."""
    gains = np.stack([difference(cells[:2]), difference(cells[2:])])
    if (gains <= 0).any():
        raise UndecidableError("a seed gains nothing, so there is no ratio of gains")
    return gains[0] / gains[1]


def difference_on_the_way(cells: Cells) -> Values:
    """Test error of the first cell minus that of the second, averaged over the updates."""
    first, second = (_mean_over_updates(cell) for cell in cells)
    return first - second


def gain_over_other_depths(cells: Cells, best: int) -> Values:
    """By how much the cell of depth `best`, of 1, 2, ... hidden layers, errs less than another.

    The other depth is the one with the smallest mean validation error.
    """
    others = [cell for depth, cell in enumerate(cells, start=1) if depth != best]
    validation = [
        float(series(cell, "accuracy_validation", "evaluation_step")[:, -1].mean())
        for cell in others
    ]
    rival = others[int(np.argmax(validation))]
    return final_test_error(rival) - final_test_error(cells[best - 1])


def unlike_the_paper(cells: Cells) -> str:
    """Return what sets nets, test images or learning rate apart from the paper's, or ""."""
    widths = {width for cell in cells for width in cell.attrs["config"]["hidden"]}
    narrow = (
        f"hidden layers of {_span(widths)} units stand in for {WIDTH:,}"
        if max(widths) < WIDTH
        else ""
    )
    rates = (cell.attrs.get("rate_doubt", "") for cell in cells)
    sizes = [cell.attrs.get("data", {}).get("test_images", TEST_IMAGES) for cell in cells]
    few = f"{min(sizes):,} test images stand in for {TEST_IMAGES:,}"
    doubts = [narrow, few if min(sizes) < TEST_IMAGES else "", *rates]
    return "; ".join(doubt for doubt in doubts if doubt)


def _mean_over_updates(cell: xr.Dataset) -> Values:
    steps = cell["evaluation_step"].to_numpy()
    error = 100 * (1 - series(cell, "accuracy_test", "evaluation_step"))
    return np.trapezoid(error, steps, axis=1) / (steps[-1] - steps[0])


def _span(widths: set[int]) -> str:
    low, high = min(widths), max(widths)
    return str(low) if low == high else f"{low} to {high}"
