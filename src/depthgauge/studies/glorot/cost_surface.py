"""Glorot and Bengio's Fig. 5: how much of a cost's surface is plateau, and how steep it is."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from depthgauge.claims.claim import Cells
from depthgauge.claims.readings import series
from depthgauge.claims.statistics import Values

FLAT = 0.1
"""A point is on a plateau where the slope is below this part of the surface's own scale: of its
whole range over the side of the plane. The measure has no unit, so costs can be compared. Fixed
before any surface was computed; the paper shows its plateaus to the eye."""


def plateau(cell: xr.Dataset, cost: str) -> NDArray[np.bool_]:
    """Return where the surface of `cost` is flat, (seed, first weight, second weight)."""
    height, slope = (
        series(cell, f"{kind}_{cost}", "first_weight", "second_weight")
        for kind in ("surface", "slope")
    )
    side = float(cell["first_weight"][-1] - cell["first_weight"][0])
    scale = (height.max(axis=(1, 2)) - height.min(axis=(1, 2))) / side
    return slope < FLAT * scale[:, None, None]


def plateau_share(cell: xr.Dataset, cost: str) -> Values:
    """Return the share of the plane that is plateau, (seed,), NaN for a surface with a hole."""
    holes = np.isnan(series(cell, f"slope_{cost}", "first_weight", "second_weight"))
    share = plateau(cell, cost).mean(axis=(1, 2))
    return np.where(holes.any(axis=(1, 2)), np.nan, share)


def more_plateau(cells: Cells) -> Values:
    """Share of plateau with the quadratic cost minus the log-likelihood's, points of the plane."""
    return 100 * (plateau_share(cells[0], "softmax_quadratic") - plateau_share(cells[0], "nll"))


def steeper(cells: Cells) -> Values:
    """Mean slope of the log-likelihood over that of the quadratic cost, (seed,)."""
    slopes = (
        series(cells[0], f"slope_{cost}", "first_weight", "second_weight").mean(axis=(1, 2))
        for cost in ("nll", "softmax_quadratic")
    )
    first, second = slopes
    return first / second
