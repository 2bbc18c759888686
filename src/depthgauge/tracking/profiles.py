"""Layers side by side in one chart: the step of such a metric is the number of the layer."""

import numpy as np
import xarray as xr

from depthgauge.tracking.curves import Points, converged, is_curve, mean, short


def profiles(record: xr.Dataset) -> Points:
    """Return depth_initial/VARIABLE and depth_final/VARIABLE of every variable that layers have.

    Means over the seeds that have not diverged, at the first and at the last reading, of a record
    of one learning rate. Of what is measured once, as the factors of a chain, depth/VARIABLE.
    """
    found: Points = {}
    kept = converged(record)
    for name in map(str, kept.data_vars):
        variable = kept[name]
        if variable.dims == ("replica", "layer"):
            _add(found, f"depth/{short(name)}", variable["layer"].values, mean(variable.values))
        elif is_curve(variable) and "layer" in variable.dims:
            layers, readings = variable["layer"].values, mean(variable.values)
            _add(found, f"depth_initial/{short(name)}", layers, readings[0])
            if len(readings) > 1:
                _add(found, f"depth_final/{short(name)}", layers, readings[-1])
    return found


def _add(found: Points, name: str, layers: np.ndarray, values: np.ndarray) -> None:
    finite = np.isfinite(values)
    if finite.any():
        found[name] = (layers[finite], values[finite])
