"""When a run shorter than the published one may still decide a claim about the end of training."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from depthgauge.claims.readings import series

LIMIT = 0.02
"""Largest relative fall of the validation error over the last fifth of a finished training."""


def cut_short(cells: Sequence[xr.Dataset]) -> str:
    """Return why a shorter run never decides: the claim speaks of the published stretch itself."""
    return "the statement is about all of the published training"


def validation_converged(cells: Sequence[xr.Dataset]) -> str:
    """Return "" when every cell's training had come to rest, else why it had not.

    Measured on the mean error over seeds, from the last evaluation at or before 4/5 of the steps to
    the last one. The learning rate is the protocol's own, so it is at no edge of a grid.
    """
    worst = max(_improvement(cell) for cell in cells)
    if worst < LIMIT:
        return ""
    return (
        f"the validation error still fell by {worst:.2g} of itself over the last fifth"
        f" (limit {LIMIT:g})"
    )


def _improvement(cell: xr.Dataset) -> float:
    """Return the relative fall of the mean validation error over the last fifth of the steps."""
    steps = cell["evaluation_step"].to_numpy()
    error = 1 - series(cell, "accuracy_validation", "evaluation_step").mean(axis=0)
    before = float(error[np.searchsorted(steps, 0.8 * steps[-1], side="right") - 1])
    return (before - float(error[-1])) / before if before > 0 else 0.0
