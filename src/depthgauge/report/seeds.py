"""A distribution over seeds as numbers to draw: usable replicas, bands, fewer steps and digits."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

BAND = {"low": 0.025, "median": 0.5, "high": 0.975}
"""The band of every figure: the central 95 % of seeds."""

BAND_WORDS = "band: central 95 % of seeds (with few seeds, nearly their range)"
"""What captions say of it."""


def usable(record: xr.Dataset) -> xr.Dataset:
    """Return `record` without the replicas that diverged; attribute `n_diverged` counts them."""
    kept = record.isel(replica=np.flatnonzero(record["diverged_at"].values < 0))
    return kept.assign_attrs(n_diverged=record.sizes["replica"] - kept.sizes["replica"])


def in_words(seeds: Sequence[int] | np.ndarray) -> str:
    """Return for example "10 seeds (0–9)"; gaps are written out: "3 seeds (0–1, 5)"."""
    if len(seeds) == 0:
        return "no seeds"
    ordered = np.sort(seeds)
    runs = np.split(ordered, np.flatnonzero(np.diff(ordered) > 1) + 1)
    spans = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)
    return f"{len(seeds):,} seed{'s' * (len(seeds) != 1)} ({spans})"


def thin(count: int, most: int = 250) -> np.ndarray:
    """Return at most `most` of the positions 0..count-1, evenly spread, both ends among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def rounded(values: ArrayLike, digits: int = 4) -> np.ndarray:
    """Return `values` with `digits` significant digits: more than a picture shows, few to store."""
    return np.array([float(f"{value:.{digits}g}") for value in np.asarray(values).tolist()])


def band_table(values: xr.DataArray, axis: str) -> pd.DataFrame:
    """Return the seed band of `values` as rows: `axis`, the other axes, low, median, high.

    `values` has axes replica, `axis` and optionally layer. Quantiles are interpolated linearly
    between seeds, so with few seeds the band is close to their range. Rows in which a value is
    missing (a window that is not full yet) are left out.
    """
    few = values.isel({axis: thin(values.sizes[axis])}).astype(float)
    bands = few.quantile(list(BAND.values()), "replica", skipna=False)
    rows = bands.transpose(axis, ..., "quantile").to_series().unstack("quantile")
    rows.columns = list(BAND)
    return rows.dropna().apply(rounded).reset_index()


def one_seed(values: xr.DataArray, axis: str) -> pd.DataFrame:
    """Return the first replica of `values` as rows: `axis`, the other axes, value."""
    few = values.isel({axis: thin(values.sizes[axis]), "replica": 0}, drop=True).astype(float)
    rows = few.to_series().dropna()
    return rows.rename("value").to_frame().apply(rounded).reset_index()
