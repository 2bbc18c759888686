"""Glorot and Bengio, Figs. 2, 3, 4 and 10: activations of each layer over training."""

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.axes import colour, log_step_x
from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.histograms import density_layer, density_table
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
CURVED = {"tanh": "Tanh", "softsign": "Softsign", "tanh_n": "Tanh N"}
_NORMALIZED = "N: normalized initialization."
_SETTING = "Each hidden layer has 1,000 units (1 is next to the input); 300 fixed test images."


def sigmoid(records: Records) -> Figure:
    """Draw Fig. 2 for both depths; raises DataError when a record is missing."""
    there = {net.attrs["axes"]["model"] for net in matching(records, STUDY)}
    needed = [model for model in SIGMOID if model in there or model in FIG_2]
    nets = {SIGMOID[model]: _net(records, model) for model in needed}
    tables = {title: _moments(net) for title, net in nets.items()}
    layer_colour = colour(pd.concat(tables.values()))  # one legend for nets of both depths
    panels = []
    for title, table in tables.items():
        base = alt.Chart(table).encode(x=log_step_x(), color=layer_colour)
        layers = [
            base.mark_area(style="band").encode(y=alt.Y("low:Q", title="activation"), y2="high"),
            base.mark_line(style="median").encode(y="mean:Q"),
        ]
        panels.append(panel(title, layers, 290, 240))
    return Figure(
        study=STUDY,
        name="glorot_saturation_sigmoid",
        title="Sigmoid activations over training",
        caption=(
            "Line: mean activation of a layer over units and images; band: one standard deviation"
            " to either side, as the paper's bars; both are means over seeds."
            f" {_SETTING} {basis(nets.values())}"
        ),
        chart=alt.concat(*panels, columns=2).resolve_scale(y="shared"),
    )


def percentiles(records: Records) -> Figure:
    """Draw Figs. 3 and 10; raises DataError when a record is missing."""
    nets = {title: _net(records, model) for model, title in CURVED.items()}
    panels = []
    for title, net in nets.items():
        table = _moments(net)
        base = alt.Chart(table).encode(x=log_step_x(), color=colour(table))
        layers = [
            base.mark_line(style="median").encode(y=alt.Y("spread:Q", title="activation")),
            base.mark_point(filled=True, size=18).encode(y="outermost:Q"),
        ]
        panels.append(panel(title, layers, 185, 240))
    return Figure(
        study=STUDY,
        name="glorot_saturation_percentiles",
        title="How far out activations reach over training",
        caption=(
            "Line: standard deviation of a layer's activations over units and images; dots: their"
            f" 98th percentile of |a|; both are means over seeds. {_NORMALIZED} {_SETTING}"
            f" {basis(nets.values())}"
        ),
        chart=alt.concat(*panels, columns=3).resolve_scale(y="shared"),
    )


def histograms(records: Records) -> Figure:
    """Draw Fig. 4; raises DataError when a record is missing."""
    nets = {title: _net(records, model) for model, title in CURVED.items()}
    panels = []
    for title, net in nets.items():
        last = measured(net, "activation_histogram").isel(activation_step=-1, drop=True)
        table = density_table(last, 1.0)
        panels.append(panel(title, [density_layer(table, "activation", 1.0)], 600, 150))
    return Figure(
        study=STUDY,
        name="glorot_saturation_histograms",
        title="Activations after the last update",
        caption=(
            "Density of a layer's activations over units and images, in 101 bins, mean over seeds."
            f" {_NORMALIZED} {_SETTING} {basis(nets.values())}"
        ),
        chart=alt.concat(*panels, columns=1).resolve_scale(y="independent"),
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
