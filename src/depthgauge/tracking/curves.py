"""A record as MLflow's metrics: the mean over seeds, for each layer where there are layers.

The same function serves a chunk of steps while training and the whole record afterwards, so the
same points come out, to the last bit. Single seeds are not here: they are tables (artifacts.py).
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import xarray as xr

Points = dict[str, tuple[np.ndarray, np.ndarray]]
"""By the metric's name: steps (integers, rising) and values of the same length."""

CURVE_POINTS = 120
"""Of one curve: a chart is some 400 pixels wide, and each point costs 400 bytes of database."""

MOST_LAYERS = 8
"""Layers of a deep net that have curves: twenty curves are indistinguishable, and their points
took MLflow a tenth of the training. Profiles (profiles.py), tables and the record hold all."""


def points(record: xr.Dataset, shown: Mapping[str, np.ndarray] | None = None) -> Points:
    """Return what a record of one learning rate, or one chunk of it, adds to MLflow's curves.

    `shown` gives, by step axis, the steps to keep of the whole run's schedule (see `thin`); by
    default, of the record's own. Names are VARIABLE (see `short`), or VARIABLE/layer_L where there
    are layers: MLflow puts charts whose names differ in the last part into one section.
    Values are means over the replicas that have not diverged; one that is not finite, as of a
    window that is not full, is left out.
    """
    curves: Points = {}
    kept = converged(record)
    for name in filter(lambda name: is_curve(kept[name]), map(str, kept.data_vars)):
        axis = str(kept[name].dims[1])
        steps = kept[axis].values
        at = np.isin(steps, shown[axis] if shown else thin(steps))
        for layer, values in _layers(kept[name], mean(kept[name].values[:, at])):
            finite = np.isfinite(values)
            if finite.any():
                curves[f"{short(name)}{layer}"] = (steps[at][finite], values[finite])
    return curves


def short(variable: str) -> str:
    """Return a variable's name without its ending `_norm`: the title of a chart is cut after 23."""
    return variable.removesuffix("_norm")


def by_rate(record: xr.Dataset) -> dict[float, xr.Dataset]:
    """Return the replicas of each learning rate, in ascending order of the rates."""
    rates = record["learning_rate"].values
    return {
        float(rate): record.isel(replica=np.flatnonzero(rates == rate)) for rate in np.unique(rates)
    }


def converged(record: xr.Dataset) -> xr.Dataset:
    """Return the replicas that have not diverged."""
    return record.isel(replica=np.flatnonzero(record["diverged_at"].values < 0))


def thin(steps: np.ndarray, most: int = CURVE_POINTS) -> np.ndarray:
    """Return at most `most` of the steps, evenly by position, first and last included."""
    positions = np.linspace(0, len(steps) - 1, min(len(steps), most)).round().astype(int)
    return np.asarray(steps)[positions]


def mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over the first axis, the replicas; NaN where there is none.

    Summed one replica after the other: NumPy's own sum has another last bit for another shape, and
    MLflow takes a point that differs in its last bit for a second one.
    """
    if len(values) == 0:
        return np.full(values.shape[1:], np.nan)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.cumsum(values, axis=0, dtype=np.float64)[-1] / len(values)


def is_step(axis: object) -> bool:
    """Return whether an axis counts SGD steps: `gradient_step`, `evaluation_step`."""
    return str(axis).endswith("_step")


def is_curve(variable: xr.DataArray) -> bool:
    """Return whether a variable is a number per replica and step, or such a number per layer."""
    dims = variable.dims
    return len(dims) > 1 and is_step(dims[1]) and dims[2:] in ((), ("layer",))


def last_step(record: xr.Dataset) -> int:
    """Return the last step at which anything was measured; 0 where nothing was trained."""
    return max((int(record[axis][-1]) for axis in record.coords if is_step(axis)), default=0)


def joined(parts: Iterable[Points]) -> Points:
    """Return the points of curves that came in parts, one after the other."""
    pieces: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for part in parts:
        for name, piece in part.items():
            pieces.setdefault(name, []).append(piece)
    return {
        name: (np.concatenate([step for step, _ in each]), np.concatenate([v for _, v in each]))
        for name, each in pieces.items()
    }


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
