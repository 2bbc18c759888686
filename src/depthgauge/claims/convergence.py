"""When a run shorter than the published one may still decide a claim about the end of training."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from depthgauge.claims.readings import series

LIMIT = 0.02
"""Largest relative fall of the validation error over the last fifth of a training at rest."""


def cut_short(cells: Sequence[xr.Dataset]) -> str:
    """Return why a shorter run never decides: the claim speaks of the published stretch itself."""
    return "the statement is about all of the published training"


def validation_converged(cells: Sequence[xr.Dataset]) -> str:
    """Return "" when every cell's training had come to rest, else why it had not.

    Judged on the validation error, averaged over seeds. It must have halved since the start: a net
    that still sits on its first plateau is at rest too, but its training has not begun. And from
    the last evaluation at or before 4/5 of the steps to the last one it may fall by LIMIT at most.
    The learning rate is the protocol's own, so it is at no edge of a grid.
    """
    return next(filter(None, map(_unrest, cells)), "")


def _unrest(cell: xr.Dataset) -> str:
    steps = cell["evaluation_step"].to_numpy()
    error = 1 - series(cell, "accuracy_validation", "evaluation_step").mean(axis=0)
    before = int(np.searchsorted(steps, 0.8 * steps[-1], side="right")) - 1
    if steps[before] == 0:
        return "there is no evaluation before the last fifth that could show whether it converged"
    if error[-1] > error[0] / 2:
        return f"the validation error only fell from {error[0]:.2g} to {error[-1]:.2g}"
    fall = float(1 - error[-1] / error[before])
    if fall > LIMIT:
        return f"the validation error still fell by {fall:.2g} of itself over the last fifth"
    return ""
