"""Glorot and Bengio, Figs. 6, 7 and 8: normalized histograms of initial tanh nets, both inits."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.report.axes import colour
from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.histograms import density_layer, density_table
from depthgauge.report.predicted_variances import predicted_spreads
from depthgauge.report.seeds import rounded
from depthgauge.studies.glorot.published import INIT_SETS as DATASETS
from depthgauge.studies.glorot.published import INITS

STUDY = "glorot_init"

_REACH = 3.5
"""Gradients are drawn out to so many standard deviations of the layer with the widest ones."""


class _Quantity(NamedTuple):
    """What is drawn, where the records hold it, and what the caption says of it."""

    name: str
    title: str
    axis: str
    variable: str
    """NAME_histogram and NAME_std are in the records."""
    steps: str
    """The records' axis of updates."""
    what: str
    predicted_from: str = ""
    """The hidden layer from which linear theory goes on; "" where no theory is drawn."""


_ACTIVATIONS = _Quantity(
    "activations",
    "Activations just after initialization",
    "activation",
    "activation",
    "activation_step",
    "activations of 300 test images",
    "first",
)
_DELTAS = _Quantity(
    "deltas",
    "Back-propagated gradients just after initialization",
    "δ = ∂C/∂z (cost per unit of pre-activation)",
    "delta",
    "signal_step",
    "deltas of 300 training images, one by one",
    "last",
)
_WEIGHT_GRADIENTS = _Quantity(
    "weight_gradients",
    "Weight gradients just after initialization",
    "∂C/∂w (cost per unit of weight)",
    "weight_gradient",
    "signal_step",
    "all entries of ∂C/∂w of each of {images} training images",
)


def activations(records: Records) -> Figure:
    """Draw Fig. 6; raises DataError when a record is missing."""
    return _figure(_pair(records), _ACTIVATIONS)


def deltas(records: Records) -> Figure:
    """Draw Fig. 7; raises DataError when a record is missing."""
    return _figure(_pair(records), _DELTAS)


def weight_gradients(records: Records) -> Figure:
    """Draw Fig. 8; raises DataError when a record is missing."""
    return _figure(_pair(records), _WEIGHT_GRADIENTS)


def _pair(records: Records) -> list[xr.Dataset]:
    """Return the standard and the normalized tanh net on the first data set that is there."""
    there = {each.attrs["axes"]["dataset"] for each in matching(records, STUDY)}
    dataset = next((name for name in DATASETS if name in there), DATASETS[0])
    return [matching(records, STUDY, model=model, dataset=dataset)[0] for model in INITS]


def _figure(nets: Sequence[xr.Dataset], drawn: _Quantity) -> Figure:
    panels = [
        _panel(f"{init.capitalize()} init", net, drawn)
        for init, net in zip(INITS.values(), nets, strict=True)
    ]
    theory = (
        " Dashed: normal density with the standard deviation that linear theory predicts from the"
        f" {drawn.predicted_from} hidden layer on."
        if drawn.predicted_from
        else ""
    )
    what = drawn.what.format(images=nets[0].attrs["config"]["signal"]["histograms"])
    return Figure(
        study=STUDY,
        name=f"glorot_init_{drawn.name}",
        title=drawn.title,
        caption=(
            f"Density of {what}, in 101 bins, mean over seeds, for each of five hidden layers of"
            f" 1,000 tanh units (1 is next to the input).{theory} {basis(nets)}"
        ),
        chart=alt.concat(*panels, columns=1).resolve_scale(x="independent", y="independent"),
    )


def _panel(title: str, net: xr.Dataset, drawn: _Quantity) -> alt.LayerChart:
    spread = f"{drawn.variable}_std"
    reach = 1.0 if drawn is _ACTIVATIONS else _reach(net, spread)
    histogram = measured(net, f"{drawn.variable}_histogram").sel({drawn.steps: 0})
    table = density_table(histogram, reach)
    layers = [density_layer(table, drawn.axis, reach)]
    if drawn.predicted_from:
        curves = _normals(predicted_spreads(net, spread), table, reach)
        base = alt.Chart(curves).mark_line(style="reference", clip=True)
        layers.append(base.encode(x="value:Q", y="density:Q", color=colour(table)))
    return panel(title, layers, 600, 210)


def _reach(net: xr.Dataset, spread: str) -> float:
    hidden = measured(net, spread).isel(layer=slice(0, -1)).mean("replica")
    return float(f"{_REACH * float(hidden.max()):.2g}")


def _normals(spreads: Mapping[int, float], table: pd.DataFrame, reach: float) -> pd.DataFrame:
    """Normal densities of these standard deviations, (layer,), no higher than what was measured."""
    top = 1.05 * table["density"].max()
    parts = []
    for layer, spread in spreads.items():
        values = np.linspace(-min(reach, 4 * spread), min(reach, 4 * spread), 61)
        density = np.exp(-((values / spread) ** 2) / 2) / spread / np.sqrt(2 * np.pi)
        parts.append(pd.DataFrame({"layer": layer, "value": values, "density": density}))
    rows = pd.concat(parts)
    rows = rows[rows["density"] <= top]
    return rows.assign(value=rounded(rows["value"]), density=rounded(rows["density"]))
