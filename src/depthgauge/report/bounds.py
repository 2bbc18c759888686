"""Bound (**) over the gradients it limits, layer by layer, while Nielsen's nets train."""

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.report.axes import colour, speed_y
from depthgauge.report.cells import Records, basis, layers_in_words, matching, measured
from depthgauge.report.curves import hover, layer_labels
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis
from depthgauge.report.seeds import BAND_WORDS, band_table

STUDY = "bounds"
DEPTH = 4
HEIGHT = 300

_COSTS = {"quadratic": "Quadratic cost", "cross_entropy": "Cross-entropy"}


def bounds(records: Records) -> Figure:
    """Draw the deepest nets under both costs; raises DataError when one's record is missing."""
    nets = {cost: matching(records, STUDY, cost=cost, hidden=[30] * DEPTH)[0] for cost in _COSTS}
    images = nets["quadratic"].attrs["config"]["bounds"]["images"]
    return Figure(
        study=STUDY,
        name=STUDY,
        title=f"Gradients and Milman's upper bound, {layers_in_words(DEPTH)}",
        finding=_finding(nets["quadratic"], "quadratic cost"),
        caption=_caption(images),
        basis=basis(nets.values()),
        chart=alt.concat(
            *(_panel(cost, net) for cost, net in nets.items()), columns=2
        ).resolve_scale(y="shared"),
    )


def bounds_tanh(records: Records) -> Figure:
    """Draw the tanh nets, whose slope reaches 1; raises DataError when the record is missing."""
    net = matching(records, "bounds_tanh", hidden=[30] * DEPTH)[0]
    images = net.attrs["config"]["bounds"]["images"]
    return Figure(
        study="bounds_tanh",
        name="bounds_tanh",
        title=f"Gradients and Milman's upper bound, {layers_in_words(DEPTH)} of tanh units",
        finding=_finding(net, "tanh, quadratic cost"),
        caption=_caption(images),
        basis=basis([net]),
        chart=alt.concat(_panel("quadratic", net), columns=1),
    )


def _caption(images: int) -> str:
    return (
        "Each solid line stays below the dashed one of its colour. Solid: norm of ∂C/∂b, the mean"
        f" gradient over the first {images:,} training images (median over seeds; {BAND_WORDS});"
        " dashed: its bound, median. The bound of layer l of L is γ^(L−l+1) times the spectral"
        " norms of the weights beyond the layer times the mean |a − y|, where γ is the activation's"
        " largest slope; for the cross-entropy one γ less. The axis of steps is linear up to 1 and"
        " logarithmic beyond."
    )


def _finding(net: xr.Dataset, which: str) -> str:
    """Return how much of its bound the first layer uses, and how fast both fall, at the start."""
    bound = measured(net, "bound").isel(bound_step=0).sel(layer=slice(1, DEPTH)).astype(float)
    used = measured(net, "bound_tightness").isel(bound_step=0).astype(float)
    falls = [
        float(np.exp(np.log(each.sel(layer=DEPTH) / each.sel(layer=1)).mean() / (DEPTH - 1)))
        for each in (bound, bound * used)
    ]
    return (
        f"Before training the bound changes by a factor of {falls[0]:.3g} per layer toward the"
        f" output, gradients by {falls[1]:.3g}; layer 1 uses"
        f" {100 * float(used.sel(layer=1).mean()):.2g} % of its bound ({which})."
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
    base = alt.Chart(table).encode(x=x, color=colour(table, labelled=True))
    above = alt.Chart(limit).encode(x=x, color=colour(limit, labelled=True))
    layers = [
        base.mark_area(style="band").encode(y=speed_y("low"), y2="high"),
        base.mark_line(style="median").encode(y=speed_y("median")),
        above.mark_line(style="reference").encode(y=speed_y("median")),
        layer_labels(table, x, speed_y("median"), _axis(table, limit)),
        hover(f"{STUDY}_{cost}", table, "step", "median"),
    ]
    return panel(_COSTS[cost], layers, width=260, height=HEIGHT)


def _axis(*tables: pd.DataFrame) -> Axis:
    return Axis.over(pd.concat(tables), HEIGHT, log=True)


_STEPS = alt.Axis(
    values=[0, 1, 10, 100, 1000, 10_000, 100_000], labelExpr="format(datum.value, ',')"
)
