"""A record as MLflow's metrics: per layer, the mean over replicas and the interval of that mean.

The same function serves a chunk of steps while training and the whole record afterwards, so the
same points come out. Per-seed curves are not here: they go up as tables.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from depthgauge.tracking.units import titled

Points = dict[str, tuple[np.ndarray, np.ndarray]]
"""By the metric's name: steps (integers, rising) and values of the same length."""

CURVE_POINTS = 320
"""MLflow's page draws at most so many points of a curve (its `maxResults`); more only cost time."""

MOST_LAYERS = 8
"""Layers of a deep net that have curves: charts of twenty cannot be told apart, and their points
took MLflow a tenth of the training. The tables of every seed, and the record, hold all."""


def points(
    record: xr.Dataset, shown: Mapping[str, np.ndarray] | None = None, prefix: str = ""
) -> Points:
    """Return what a record, or one chunk of it, adds to MLflow's curves.

    `shown` gives, by step axis, the steps to keep of the whole run's schedule (see `thin`); by
    default, of the record's own. Names are VARIABLE: UNIT/mean/layer_L, then .../mean_high/... and
    .../mean_low/... (without the layer where there is none): MLflow puts charts whose names differ
    in the last part side by side, in the order of the alphabet. They are the mean over the
    replicas that have not diverged, and its 95 % t interval. A cell of several learning rates has
    curves of its own for each: learning_rate_RATE/VARIABLE... `prefix` goes before all. A value
    that is not finite, as the interval of a single seed, is left out.
    """
    curves: Points = {}
    for group, replicas in _rates(record):
        kept = replicas.isel(replica=np.flatnonzero(~_diverged(replicas)))
        for name in filter(lambda name: is_curve(kept[name]), map(str, kept.data_vars)):
            axis = str(kept[name].dims[1])
            steps = kept[axis].values
            at = np.isin(steps, shown[axis] if shown else thin(steps))
            for statistic, curve in mean_and_interval(kept[name].values[:, at]).items():
                for layer, values in _layers(kept[name], curve):
                    finite = np.isfinite(values)
                    if finite.any():
                        key = f"{prefix}{group}{titled(name)}/{statistic}{layer}"
                        curves[key] = (steps[at][finite], values[finite])
    return curves


def counts(record: xr.Dataset) -> Points:
    """Return how many replicas a whole record has, and how many diverged, at its last step."""
    last = max((int(record[axis][-1]) for axis in record.coords if is_step(axis)), default=0)
    curves: Points = {}
    for group, replicas in _rates(record):
        diverged = _diverged(replicas)
        curves[f"{group}n"] = (np.array([last]), np.array([diverged.size]))
        curves[f"{group}n_diverged"] = (np.array([last]), np.array([diverged.sum()]))
    return curves


def thin(steps: np.ndarray, most: int = CURVE_POINTS) -> np.ndarray:
    """Return at most so many of the steps, evenly by position, first and last included."""
    positions = np.linspace(0, len(steps) - 1, min(len(steps), most)).round().astype(int)
    return np.asarray(steps)[positions]


def mean_and_interval(values: np.ndarray) -> dict[str, np.ndarray]:
    """Return the mean, and its interval, of `values` over their first axis, the replicas.

    The 95 % t interval of the mean: mean -+ t(0.975, n - 1) s / sqrt(n), s with n - 1. NaN where
    n is too small.
    """
    n = len(values)
    values = values.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = values.sum(axis=0) / n
        deviation = np.sqrt(((values - mean) ** 2).sum(axis=0) / (n - 1))
        half = stdtrit(n - 1, 0.975) * deviation / np.sqrt(n)
    return {"mean": mean, "mean_low": mean - half, "mean_high": mean + half}


def is_step(axis: object) -> bool:
    """Tell whether an axis counts SGD steps: `gradient_step`, `evaluation_step`."""
    return str(axis).endswith("_step")


def is_curve(variable: xr.DataArray) -> bool:
    """Tell whether a variable is a number per replica and step, or such a number per layer."""
    dims = variable.dims
    return len(dims) > 1 and is_step(dims[1]) and dims[2:] in ((), ("layer",))


def _layers(variable: xr.DataArray, curve: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the curve (step), or that of each layer (step, layer) with the end of its name.

    Of a deep net, MOST_LAYERS of them.
    """
    if "layer" not in variable.dims:
        yield "", curve
        return
    layers = variable["layer"].values
    for position in thin(np.arange(len(layers)), MOST_LAYERS):
        yield f"/layer_{layers[position]}", curve[:, position]


def _rates(record: xr.Dataset) -> Iterator[tuple[str, xr.Dataset]]:
    """Yield the replicas of each learning rate, with the name of the group if there are several."""
    rates = np.unique(record["learning_rate"].values)
    for rate in rates:
        group = f"learning_rate_{rate:g}/" if len(rates) > 1 else ""
        yield group, record.isel(replica=np.flatnonzero(record["learning_rate"].values == rate))


def _diverged(record: xr.Dataset) -> np.ndarray:
    return record["diverged_at"].values >= 0
