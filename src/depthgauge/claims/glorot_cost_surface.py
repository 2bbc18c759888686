"""The claim of Glorot and Bengio's Fig. 5: which cost has more plateau."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.readings import series
from depthgauge.claims.rules import ordering
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


def _difference(cells: Cells) -> Values:
    """Quadratic minus log-likelihood, in percentage points of the plane."""
    return 100 * (plateau_share(cells[0], "softmax_quadratic") - plateau_share(cells[0], "nll"))


CLAIMS = (
    Claim(
        id="glorot.cost_surface.plateau",
        source='Glorot and Bengio 2010, Fig. 5: "There are clearly more severe plateaus with the'
        ' quadratic cost"',
        statement=f"Over two weights, more of the quadratic cost's surface is plateau (slope below"
        f" {FLAT:g} of range over side) than of the log-likelihood's",
        study="glorot_cost_surface",
        cells=({"procedure": "surfaces"},),
        estimate=_difference,
        rule=ordering(),
        unit="percentage points of the plane",
        figure="glorot_cost_surface",
        updates=0,
    ),
)
