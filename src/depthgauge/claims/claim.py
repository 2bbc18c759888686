"""A claim: one sentence or number of a source, and how ours is measured and judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import xarray as xr

from depthgauge.claims.convergence import cut_short
from depthgauge.claims.nature import Nature
from depthgauge.claims.rules import Rule
from depthgauge.claims.statistics import Values

Cells = Sequence[xr.Dataset]


def every_replica(cell: xr.Dataset) -> xr.Dataset:
    """Return `cell` as it is: all its replicas count."""
    return cell


def no_doubt(_: Cells) -> str:
    """Return "": nothing but the number of updates can keep the cells from deciding."""
    return ""


@dataclass(frozen=True, eq=False)
class Claim:
    """What was said, where, and the rule fixed before anything was measured."""

    id: str
    source: str
    """Equation, figure, table, or the sentence quoted."""
    statement: str
    nature: Nature
    study: str
    cells: tuple[dict[str, Any], ...]
    """Which cells of the study are compared: keys of their config with the values they have."""
    estimate: Callable[[Cells], Values]
    """From those cells, in that order and with the same seeds in each, to one number a seed."""
    rule: Rule
    unit: str
    figure: str
    """The figure of the report that shows it."""
    updates: int
    """SGD steps of the published run."""
    updates_needed: int | None = None
    """SGD steps that decide the claim, where these are fewer than the published ones."""
    published: float | tuple[float, ...] | None = None
    """A number; of a curve, or of several readings of one network, all of them."""
    dataset: str = "mnist"
    convergence: Callable[[Cells], str] = cut_short
    """Why a run with fewer updates does not decide this claim, or "" when it does."""
    select: Callable[[xr.Dataset], xr.Dataset] = every_replica
    """Which replicas of each cell count: one a seed. UndecidableError where none can."""
    doubt: Callable[[Cells], str] = no_doubt
    """Why these cells do not decide the claim, however long they were trained; "" when they do."""
