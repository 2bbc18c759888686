"""Glorot and Bengio, Figs. 2, 3, 4 and 10: activations of each layer over training."""

from collections.abc import Mapping

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.axes import LAYER, log_step_x
from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.curves import Frame, curves, y_axis
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
_FRAME = Frame(
    log_step_x(), y_axis("activation", alt.Scale(domain=[0, 1])), LAYER, Axis(0, 1, HEIGHT)
)
_SETTING = "Hidden layers of 1,000 units; 300 fixed test images."


def sigmoid(records: Records) -> Figure:
    """Draw Fig. 2 for both depths, and variants that are there; DataError without the first."""
    there = {net.attrs["axes"]["model"] for net in matching(records, STUDY)}
    nets = _nets(records, {m: each for m, each in SIGMOID.items() if m in there or m in FIG_2})
    panels = []
    for title, net in nets.items():
        table = _moments(net).drop(columns=["spread", "outermost"])
        layers = curves(table, _FRAME, f"{STUDY}_{title}", middle="mean")
        panels.append(panel(title, layers, 260, HEIGHT))
    return Figure(
        study=STUDY,
        title="Sigmoid activations over training",
        finding=_lowest(nets[SIGMOID["sigmoid_4"]]),
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
        "With four hidden layers the top one's mean activation falls from"
        f" {float(top[0]):.2g} to {float(least):.2g} within {int(least['activation_step']):,}"
        " updates."
    )


def percentiles(records: Records) -> Figure:
    """Draw Figs. 3 and 10; raises DataError when a record is missing."""
    nets = _nets(records, CURVED)
    panels = []
    for title, net in nets.items():
        table = _moments(net).drop(columns=["mean", "low", "high"])
        spread = alt.Chart(table).mark_line(style="single")
        layers = [
            spread.encode(x=_FRAME.x, y=_FRAME.y("spread"), color=LAYER),
            *curves(table, _FRAME, f"{STUDY}_reach_{title}", middle="outermost", points=True),
        ]
        panels.append(panel(title, layers, 150, HEIGHT))
    steps = max(net.attrs["config"]["steps"] for net in nets.values())
    return Figure(
        study=STUDY,
        title="How far out activations reach over training",
        finding=f"After {steps:,} updates 98 % of |a| lie below {_outermost(nets)}.",
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
        layers = _last(net, "modulus_percentile_98").mean("replica").astype(float)
        parts.append(f"{float(layers.max()):.2f} with {_largest(title, layers)}")
    return ", ".join(parts)


def _last(net: xr.Dataset, variable: str) -> xr.DataArray:
    """Return `variable` after the last update, without the output layer."""
    return measured(net, variable).isel(activation_step=-1, layer=slice(0, -1), drop=True)


def _largest(title: str, layers: xr.DataArray) -> str:
    """Return the net, in words, and the layer that has the largest value."""
    layer = int(layers["layer"][int(layers.to_numpy().argmax())])
    return f"{title[0].lower()}{title[1:]} (layer {layer})"


def histograms(records: Records) -> Figure:
    """Draw Fig. 4; raises DataError when a record is missing."""
    nets = _nets(records, CURVED)
    panels = []
    for title, net in nets.items():
        last = measured(net, "activation_histogram").isel(activation_step=-1, drop=True)
        layer = density_layer(density_table(last, 1.0), "activation", 1.0)
        panels.append(panel(title, [layer], 170, HEIGHT))
    return Figure(
        study=STUDY,
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
        shares = _last(net, "activation_histogram")
        bins = str(shares.dims[-1])
        layers = shares.where(abs(shares[bins]) > SATURATED).sum(bins).mean("replica").astype(float)
        parts.append(f"{brief(100 * float(layers.max()), 2)} % with {_largest(title, layers)}")
    return (
        f"In the most saturated layer |a| exceeds {SATURATED} for {', '.join(parts)} of the"
        " activations."
    )


def _nets(records: Records, models: Mapping[str, str]) -> dict[str, xr.Dataset]:
    """Return title -> net of `models`; raises DataError when one is missing."""
    return {title: matching(records, STUDY, model=model)[0] for model, title in models.items()}


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
