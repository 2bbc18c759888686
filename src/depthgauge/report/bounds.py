"""Bound (**) over the gradients it limits, layer by layer, while Nielsen's nets train."""

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.axes import colour, speed_y
from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.curves import hover
from depthgauge.report.figure import Figure, panel
from depthgauge.report.seeds import band_table

STUDY = "bounds"
DEPTH = 4

_COSTS = {"quadratic": "Quadratic cost", "cross_entropy": "Cross-entropy"}


def bounds(records: Records) -> Figure:
    """Draw the deepest nets under both costs; raises DataError when one's record is missing."""
    nets = {cost: matching(records, STUDY, cost=cost, hidden=[30] * DEPTH)[0] for cost in _COSTS}
    images = nets["quadratic"].attrs["config"]["bounds"]["images"]
    return Figure(
        study=STUDY,
        name=STUDY,
        title=f"How close gradients come to what the weights allow, {DEPTH} hidden layers",
        caption=f"{_caption(images)} {basis(nets.values())}",
        chart=alt.concat(*(_panel(cost, net) for cost, net in nets.items()), columns=2),
    )


def bounds_tanh(records: Records) -> Figure:
    """Draw the tanh nets, whose slope reaches 1; raises DataError when the record is missing."""
    net = matching(records, "bounds_tanh", hidden=[30] * DEPTH)[0]
    images = net.attrs["config"]["bounds"]["images"]
    return Figure(
        study="bounds_tanh",
        name="bounds_tanh",
        title=f"Where the slope reaches 1 the bound does not shrink, {DEPTH} hidden layers of tanh",
        caption=f"{_caption(images)} {basis([net])}",
        chart=alt.concat(_panel("quadratic", net), columns=1),
    )


def _caption(images: int) -> str:
    return (
        f"Norm of ∂C/∂b averaged over the first {images:,} training images (line: median over"
        " seeds; band: central 95 % of seeds) and its bound (dashed, median, same colour):"
        " in layer l of L, γ^(L−l+1) times the spectral norms of the weights beyond the layer"
        " times the mean |a − y|, where γ is the activation's largest slope; for the"
        " cross-entropy without the output's γ. The step axis is linear up to 1 and"
        " logarithmic beyond."
    )


def bound_table(net: xr.Dataset) -> pd.DataFrame:
    """Return seed bands of the bound of hidden layers: step, layer, low, median, high."""
    return band_table(_hidden(net, measured(net, "bound")), "step")


def _hidden(net: xr.Dataset, values: xr.DataArray) -> xr.DataArray:
    depth = len(net.attrs["config"]["hidden"])
    return values.sel(layer=slice(1, depth)).rename(bound_step="step")


def _panel(cost: str, net: xr.Dataset) -> alt.LayerChart:
    norms = measured(net, "bound") * measured(net, "bound_tightness")
    table, limit = band_table(_hidden(net, norms), "step"), bound_table(net)
    x = alt.X("step:Q", title="SGD steps done", scale=alt.Scale(type="symlog"), axis=_STEPS)
    base = alt.Chart(table).encode(x=x, color=colour(table))
    above = alt.Chart(limit).encode(x=x, color=colour(limit))
    layers = [
        base.mark_area(style="band").encode(y=speed_y("low"), y2="high"),
        base.mark_line(style="median").encode(y=speed_y("median")),
        above.mark_line(style="reference").encode(y=speed_y("median")),
        hover(f"{STUDY}_{cost}", table, "step", "median"),
    ]
    return panel(_COSTS[cost], layers, width=290, height=300)


_STEPS = alt.Axis(
    values=[0, 1, 10, 100, 1000, 10_000, 100_000], labelExpr="format(datum.value, ',')"
)
