"""A verdict as plain JSON values, with all that it takes to judge again without our code."""

import math
from typing import Any

import numpy as np
import xarray as xr

from depthgauge.claims.claim import Claim
from depthgauge.claims.judgement import FORMAT, Judgement
from depthgauge.claims.statistics import Values

DIGITS = 4
"""Significant digits of a result: enough for 96.48 %, few enough to be the same everywhere."""

VALUE_DIGITS = 6
"""Significant digits of the number of one seed."""

CURVE_DIGITS = 4
"""Those of each point of a seed's curve, as many as the published ones have."""

Study = list[xr.Dataset]


def stored(
    claim: Claim, cells: Study, seeds: list[int], diverged: int, judgement: Judgement
) -> dict[str, Any]:
    """Return what claims.json holds of a claim; docs/claims.md explains each key."""
    interval, published = judgement.interval, claim.published
    return {
        "format": FORMAT,
        "id": claim.id,
        "source": claim.source,
        "study": claim.study,
        "statement": claim.statement,
        "nature": str(claim.nature),
        "rule": claim.rule.text,
        "rule_name": claim.rule.name,
        "rule_arguments": dict(claim.rule.arguments),
        "kind": str(claim.rule.kind),
        "published": None if isinstance(published, tuple) else published,
        "published_values": list(published) if isinstance(published, tuple) else None,
        "measured": _rounded(judgement.measured),
        "interval": None if interval is None else [_rounded(end) for end in interval],
        "z": _rounded(judgement.z),
        "sensitivity": judgement.sensitivity,
        "n": len(seeds),
        "seeds": seeds,
        "values": None if judgement.values is None else _of_seeds(judgement.values),
        "scale": cells[0].attrs["scale"] if cells else None,
        "updates": [shortest(cells), claim.updates],
        "updates_needed": needed(claim),
        "dataset": claim.dataset,
        "figure": claim.figure,
        "unit": claim.unit,
        "n_diverged": diverged,
        "cells": [cell.attrs["label"] for cell in cells],
        "verdict": str(judgement.verdict),
        "reason": judgement.reason,
    }


def needed(claim: Claim) -> int:
    """Return the updates that decide a claim."""
    return claim.updates if claim.updates_needed is None else claim.updates_needed


def shortest(cells: Study) -> int | None:
    """Return the updates that the shortest of the cells was trained for."""
    return min((int(cell.attrs["config"]["steps"]) for cell in cells), default=None)


def _of_seeds(values: Values) -> list[Any]:
    """Return the number, or the row of numbers, of each seed; one stands for all if all agree."""
    if (values == values[0]).all():
        values = values[:1]
    digits = CURVE_DIGITS if values.ndim > 1 and values.shape[1] > 5 else VALUE_DIGITS
    return [_short(each, digits) for each in values]


def _short(value: Any, digits: int) -> Any:
    """Return a number, or each in a row, with `digits` significant digits."""
    if np.ndim(value):
        return [_short(each, digits) for each in value]
    number = float(f"{value:.{digits}g}") + 0.0  # no -0.0
    return int(number) if number == math.floor(number) and abs(number) < 1e6 else number


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}") + 0.0  # no -0.0
