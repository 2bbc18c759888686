"""When a run shorter than the published one may still decide a claim about the end of training."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from depthgauge.claims.readings import series
from depthgauge.claims.statistics import t_interval

LIMIT = 0.05
"""Largest mean relative fall of the validation error, from one fifth of a training at rest to the
next: the upper end of its 95 % interval over seeds."""

EVALUATIONS = 5
"""Fewest evaluations in a fifth whose mean says where the error is."""

SHORTEST = 1 / 20
"""Part of the published updates below which a run says nothing about their end."""

COMMONEST = {"mnist": 0.109, "cifar10": 0.1, "shapeset": 1 / 6, "tiny_imagenet": 1 / 9}
"""Share of the commonest class of the validation images; of other sets a tenth."""

IMAGES = 10_000
"""Validation images of every data set; a study may look at fewer."""

STANDARD_ERRORS = 3
"""An error less than this many binomial standard errors below that of naming the commonest class is
that of a net which learned nothing from its inputs."""


def cut_short(cells: Sequence[xr.Dataset]) -> str:
    """Return why a shorter run never decides: the claim is about the whole published training."""
    return "the statement is about all of the published training"


def validation_converged(cells: Sequence[xr.Dataset], plateau: bool = False) -> str:
    """Return "" when every cell's training had come to rest, else why it had not.

    Judged on the validation error. It must be below that of naming the commonest class, unless the
    published end is a `plateau`; and its mean over the evaluations of the last fifth of the steps
    may be lower than over the fifth before by LIMIT at most. The learning rate is the protocol's
    own, so it is at no edge of a grid.
    """
    return next(filter(None, (_unrest(cell, plateau) for cell in cells)), "")


def error_of_naming_one_class(cell: xr.Dataset) -> float:
    """Return the validation error below which a net has learned something from its inputs."""
    error = 1 - COMMONEST.get(cell.attrs.get("data", {}).get("name", ""), 0.1)
    images = cell.attrs.get("config", {}).get("evaluation", {}).get("images") or IMAGES
    return float(error - STANDARD_ERRORS * np.sqrt(error * (1 - error) / images))


def _unrest(cell: xr.Dataset, plateau: bool) -> str:
    steps = cell["evaluation_step"].to_numpy()
    end = int(steps[-1])
    if end < SHORTEST * cell.attrs.get("published_steps", 0):
        return "less than a twentieth of them, so the error is not that at the end"
    error = 1 - series(cell, "accuracy_validation", "evaluation_step")
    before, last = (
        error[:, (low * end < steps) & (steps <= high * end)]
        for low, high in ((0.6, 0.8), (0.8, 1.0))
    )
    if min(before.shape[1], last.shape[1]) < EVALUATIONS:
        return f"its last fifths hold fewer than {EVALUATIONS} evaluations, so rest cannot be seen"
    if not plateau and float(last.mean()) > (chance := error_of_naming_one_class(cell)):
        return (
            f"the validation error, {last.mean():.2g}, is not below {chance:.2g}, what naming one"
            " class gives"
        )
    fall, _, top = t_interval(1 - last.mean(axis=1) / before.mean(axis=1))
    if top > LIMIT:
        return (
            f"the validation error still fell by {fall:.2g} of itself in the last fifth (up to"
            f" {top:.2g})"
        )
    return ""
