"""Readings under the names and axes of docs/records.md."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from depthgauge.probes.histograms import activation_edges, gradient_edges
from depthgauge.probes.windows import window_norms
from depthgauge.training.module import ReplicaModule
from depthgauge.training.probe import Readings

_BINS = {
    "activation_histogram": "activation_bin",
    "batch_delta_histogram": "gradient_bin",
    "batch_weight_gradient_histogram": "gradient_bin",
    "delta_histogram": "gradient_bin",
    "weight_gradient_histogram": "gradient_bin",
}
"""The last axis of a histogram; of any other variable with four axes it is `unit`."""
_EDGES = {"activation_bin": activation_edges, "gradient_bin": gradient_edges}


def measurements(
    module: ReplicaModule,
    replicas: Sequence[tuple[int, float]],
    seen: Mapping[str, Readings],
    window: int,
) -> xr.Dataset:
    """Return what the instruments saw, by axis, in a whole run or in one chunk of it.

    `window` is how many of the mini-batch gradients are averaged; it counts in whole runs.
    """
    diverged_at = module.diverged_at.cpu().numpy().copy()
    variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "diverged_at": (("replica",), diverged_at)
    }
    coords: dict[str, Any] = {
        "seed": ("replica", np.array([seed for seed, _ in replicas])),
        "learning_rate": ("replica", np.array([float(rate) for _, rate in replicas])),
        "layer": np.array(module.network.layers),
    }
    for axis, readings in seen.items():
        coords[axis] = np.array(readings.steps)
        for name, values in readings.values.items():
            dims = ("replica", axis, "layer", _BINS.get(name, "unit"))[: values.ndim]
            variables[name] = (dims, np.ascontiguousarray(np.moveaxis(values, 0, 1)))
    if "batch_bias_gradient" in variables:
        dims, vectors = variables.pop("batch_bias_gradient")
        variables["batch_bias_gradient_norm"] = (dims[:3], window_norms(vectors, 1))
        variables["window_bias_gradient_norm"] = (dims[:3], window_norms(vectors, window))
    if "bias_gradient" in variables:
        coords["unit"] = np.arange(1, variables["bias_gradient"][1].shape[-1] + 1)
    for bins in sorted({_BINS[name] for name in variables if name in _BINS}):
        edges = _EDGES[bins]()
        coords[bins] = (edges[1:] + edges[:-1]) / 2
        coords[f"{bins}_width"] = (bins, np.diff(edges))
    return xr.Dataset(variables, coords)
