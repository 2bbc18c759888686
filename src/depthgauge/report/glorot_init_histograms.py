"""Glorot and Bengio, Figs. 6, 7 and 8: normalized histograms of initial tanh nets, both inits."""

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.claims.glorot_init import DATASETS, INITS, STUDY
from depthgauge.report.axes import colour
from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.histograms import density_layer, density_table
from depthgauge.report.predicted_variances import predicted_spreads
from depthgauge.report.seeds import rounded

_REACH = 3.5
"""Gradients are drawn out to so many standard deviations of the layer with the widest ones."""


def activations(records: Records) -> Figure:
    """Draw Fig. 6; raises DataError when a record is missing."""
    nets = _pair(records)
    return _figure(
        nets,
        "activations",
        "Activations just after initialization",
        "activation",
        ("activation_histogram", "activation_std", "activation_step"),
        "activations of 300 test images",
    )


def deltas(records: Records) -> Figure:
    """Draw Fig. 7; raises DataError when a record is missing."""
    nets = _pair(records)
    return _figure(
        nets,
        "deltas",
        "Back-propagated gradients just after initialization",
        "δ = ∂C/∂z (cost per unit of pre-activation)",
        ("delta_histogram", "delta_std", "signal_step"),
        "deltas of 300 training images, one by one",
    )


def weight_gradients(records: Records) -> Figure:
    """Draw Fig. 8; raises DataError when a record is missing."""
    nets = _pair(records)
    images = nets[0].attrs["config"]["signal"]["histograms"]
    return _figure(
        nets,
        "weight_gradients",
        "Weight gradients just after initialization",
        "∂C/∂w (cost per unit of weight)",
        ("weight_gradient_histogram", "weight_gradient_std", "signal_step"),
        f"all entries of ∂C/∂w of each of {images} training images",
    )


def _pair(records: Records) -> list[xr.Dataset]:
    """Return the standard and the normalized tanh net on the first data set that is there."""
    there = {each.attrs["axes"]["dataset"] for each in matching(records, STUDY)}
    dataset = next((name for name in DATASETS if name in there), DATASETS[0])
    return [matching(records, STUDY, model=model, dataset=dataset)[0] for model in INITS]


def _figure(
    nets: Sequence[xr.Dataset],
    name: str,
    title: str,
    axis: str,
    variables: tuple[str, str, str],
    what: str,
) -> Figure:
    histogram, spread, steps = variables
    panels = [
        _panel(f"{init.capitalize()} init", net, histogram, steps, axis, spread)
        for init, net in zip(INITS.values(), nets, strict=True)
    ]
    theory = (
        ""
        if name == "weight_gradients"
        else " Dashed: normal density with the standard deviation that linear theory predicts from"
        f" the {'first' if name == 'activations' else 'last'} hidden layer on."
    )
    return Figure(
        study=STUDY,
        name=f"glorot_init_{name}",
        title=title,
        caption=(
            f"Density of {what}, in 101 bins, mean over seeds, for each hidden layer of five of"
            f" 1,000 tanh units (1 is next to the input).{theory} {basis(nets)}"
        ),
        chart=alt.concat(*panels, columns=1).resolve_scale(x="independent", y="independent"),
    )


def _panel(
    title: str, net: xr.Dataset, histogram: str, steps: str, axis: str, spread: str
) -> alt.LayerChart:
    reach = 1.0 if spread == "activation_std" else _reach(net, spread)
    table = density_table(measured(net, histogram).sel({steps: 0}), reach)
    layers = [density_layer(table, axis, reach)]
    if histogram != "weight_gradient_histogram":
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
