"""Glorot and Bengio, Figs. 2, 3, 4 and 10: activations of each layer over training."""

from collections.abc import Mapping

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.axes import colour, log_step_x
from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.curves import layer_labels
from depthgauge.report.figure import Figure, panel
from depthgauge.report.histograms import density_layer, density_table
from depthgauge.report.labels import Axis
from depthgauge.report.numbers import brief
from depthgauge.report.seeds import rounded, thin

STUDY = "glorot_saturation"

SIGMOID = {
    "sigmoid_4": "Four hidden layers",
    "sigmoid_4_slow": "Four, at a tenth of the rate",
    "sigmoid_4_fixed": "Four, output biases kept at 0",
    "sigmoid": "Five hidden layers",
}
FIG_2 = ("sigmoid_4", "sigmoid")
"""Without these there is no figure; the others are variants of ours."""

CURVED = {"tanh": "Tanh", "softsign": "Softsign", "tanh_n": "Normalized tanh"}
SATURATED = 0.95
"""|a| beyond this counts as saturated in the findings."""
HEIGHT = 220
_SETTING = "Hidden layers of 1,000 units; 300 fixed test images."


def sigmoid(records: Records) -> Figure:
    """Draw Fig. 2 for both depths, and variants that are there; DataError without the first."""
    there = {net.attrs["axes"]["model"] for net in matching(records, STUDY)}
    needed = [model for model in SIGMOID if model in there or model in FIG_2]
    nets = {SIGMOID[model]: _net(records, model) for model in needed}
    tables = {title: _moments(net) for title, net in nets.items()}
    panels = []
    for title, table in tables.items():
        base = alt.Chart(table).encode(x=log_step_x(), color=colour(table, labelled=True))
        y = alt.Y("mean:Q", title="activation", scale=alt.Scale(domain=[0, 1]))
        layers = [
            base.mark_area(style="band").encode(y=alt.Y("low:Q", title="activation"), y2="high"),
            base.mark_line(style="median").encode(y=y),
            layer_labels(table, log_step_x(), y, Axis(0, 1, HEIGHT)),
        ]
        panels.append(panel(title, layers, 260, HEIGHT))
    return Figure(
        study=STUDY,
        name="glorot_saturation_sigmoid",
        title="Sigmoid activations over training",
        finding=_lowest(nets["Four hidden layers"]),
        caption=(
            "Does the top layer fall towards 0, where the sigmoid is saturated? Line: mean"
            " activation of a layer over units and images; band: one standard deviation to either"
            f" side, as the paper's bars; both are means over seeds. {_SETTING}"
        ),
        basis=basis(nets.values()),
        chart=alt.concat(*panels, columns=2).resolve_scale(y="shared"),
    )


def _lowest(net: xr.Dataset) -> str:
    """Return how low the top layer's mean activation falls, mean over seeds, and when."""
    top = measured(net, "activation_mean").isel(layer=-2).mean("replica").astype(float)
    least = top.isel(activation_step=int(top.to_numpy().argmin()))
    return (
        f"With four hidden layers the top one's mean activation falls to {float(least):.2g} by"
        f" update {int(least['activation_step']):,} of {int(top['activation_step'][-1]):,}."
    )


def percentiles(records: Records) -> Figure:
    """Draw Figs. 3 and 10; raises DataError when a record is missing."""
    nets = {title: _net(records, model) for model, title in CURVED.items()}
    tables = {title: _moments(net) for title, net in nets.items()}
    panels = []
    for title, table in tables.items():
        base = alt.Chart(table).encode(x=log_step_x(), color=colour(table, labelled=True))
        y = alt.Y("outermost:Q", title="activation", scale=alt.Scale(domain=[0, 1]))
        layers = [
            base.mark_line(style="single").encode(y="spread:Q"),
            base.mark_line(style="median", point={"size": 14}).encode(y=y),
            layer_labels(table, log_step_x(), y, Axis(0, 1, HEIGHT)),
        ]
        panels.append(panel(title, layers, 150, HEIGHT))
    return Figure(
        study=STUDY,
        name="glorot_saturation_percentiles",
        title="How far out activations reach over training",
        finding=_outermost(nets),
        caption=(
            "The nearer to 1 a line with dots, the more of its layer is saturated. With dots: 98th"
            " percentile of |a| in a layer; thin line: standard deviation of its activations; both"
            " over units and images, mean over seeds. Normalized tanh is tanh with the normalized"
            f" initialization. {_SETTING}"
        ),
        basis=basis(nets.values()),
        chart=alt.concat(*panels, columns=3).resolve_scale(y="shared"),
    )


def _outermost(nets: Mapping[str, xr.Dataset]) -> str:
    """Return the largest 98th percentile of a layer of each net after the last update."""
    parts = []
    for title, net in nets.items():
        values = measured(net, "modulus_percentile_98").isel(activation_step=-1)
        layers = values.isel(layer=slice(0, -1)).mean("replica").astype(float)
        parts.append(f"{float(layers.max()):.2f} with {_lower(title)} (layer {_largest(layers)})")
    return f"After the last update the layer that reaches out farthest is at {', '.join(parts)}."


def _largest(layers: xr.DataArray) -> int:
    """Return the layer that has the largest value."""
    return int(layers["layer"][int(layers.to_numpy().argmax())])


def _lower(title: str) -> str:
    return title[0].lower() + title[1:]


def histograms(records: Records) -> Figure:
    """Draw Fig. 4; raises DataError when a record is missing."""
    nets = {title: _net(records, model) for model, title in CURVED.items()}
    tables = {}
    for title, net in nets.items():
        last = measured(net, "activation_histogram").isel(activation_step=-1, drop=True)
        tables[title] = density_table(last, 1.0)
    panels = [
        panel(title, [density_layer(table, "activation", 1.0)], 170, HEIGHT)
        for title, table in tables.items()
    ]
    return Figure(
        study=STUDY,
        name="glorot_saturation_histograms",
        title="Activations after the last update",
        finding=_saturated(nets),
        caption=(
            "Mass at the edges, -1 and 1, is saturation. Density of a layer's activations over"
            f" units and images, mean over seeds. {_SETTING}"
        ),
        basis=basis(nets.values()),
        chart=alt.concat(*panels, columns=3).resolve_scale(y="shared"),
    )


def _saturated(nets: Mapping[str, xr.Dataset]) -> str:
    """Return the largest share of a layer's activations beyond SATURATED, by net."""
    parts = []
    for title, net in nets.items():
        shares = measured(net, "activation_histogram").isel(activation_step=-1)
        bins = str(shares.dims[-1])
        layers = shares.where(abs(shares[bins]) > SATURATED).sum(bins).mean("replica")
        layers = layers.isel(layer=slice(0, -1)).astype(float)
        most = brief(100 * float(layers.max()), 2)
        parts.append(f"{most} % with {_lower(title)} (layer {_largest(layers)})")
    return (
        f"In the most saturated layer |a| exceeds {SATURATED} for {', '.join(parts)} of the"
        " activations."
    )


def _net(records: Records, model: str) -> xr.Dataset:
    return matching(records, STUDY, model=model)[0]


def _moments(net: xr.Dataset) -> pd.DataFrame:
    """Return step, layer, mean, spread, outermost, low, high: means over seeds."""
    names = {
        "mean": "activation_mean",
        "spread": "activation_std",
        "outermost": "modulus_percentile_98",
    }
    few = net.isel(activation_step=thin(net.sizes["activation_step"]), layer=slice(0, -1))
    table = pd.DataFrame(
        {
            short: measured(few, name).mean("replica").astype(float).to_series()
            for short, name in names.items()
        }
    ).assign(low=lambda t: t["mean"] - t["spread"], high=lambda t: t["mean"] + t["spread"])
    return table.apply(rounded).reset_index().rename(columns={"activation_step": "step"})
