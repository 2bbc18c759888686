"""Bound (**) over the gradients it limits, layer by layer, while Nielsen's nets train."""

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.axes import LAYER, SPEED, SPEED_TICKS
from depthgauge.report.cells import Records, basis, hidden, layers_in_words, matching
from depthgauge.report.curves import Frame, curves, y_axis
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis
from depthgauge.report.numbers import typical
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
    """Return how much of its bound the first layer uses, and how both change over depth."""
    bound, used = (
        hidden(net, name).isel(step=0).astype(float) for name in ("bound", "bound_tightness")
    )
    falls = [
        typical(each.sel(layer=DEPTH) / each.sel(layer=1)) ** (1 / (DEPTH - 1))
        for each in (bound, bound * used)
    ]
    return (
        "Before training, from one layer to the next toward the output, bounds"
        f" {_change(falls[0])} and gradients {_change(falls[1])}; layer 1 uses"
        f" {100 * float(used.sel(layer=1).mean()):.2g} % of its bound ({which})."
    )


def _change(factor: float) -> str:
    return f"{'grow' if factor > 1 else 'shrink'} {max(factor, 1 / factor):.3g}-fold"


_SPEED_Y = y_axis(SPEED, alt.Scale(type="log", nice=False, padding=8), SPEED_TICKS)


def _panel(cost: str, net: xr.Dataset) -> alt.LayerChart:
    bound = hidden(net, "bound")
    table, limit = (
        band_table(each, "step") for each in (bound * hidden(net, "bound_tightness"), bound)
    )
    x = alt.X("step:Q", title="SGD steps done", scale=alt.Scale(type="symlog"), axis=_STEPS)
    axis = Axis.over(pd.concat([table, limit]), HEIGHT, log=True)
    dashed = alt.Chart(limit).mark_line(style="reference")
    layers = [
        *curves(table, Frame(x, _SPEED_Y, LAYER, axis), f"{net.attrs['study']}_{cost}"),
        dashed.encode(x=x, color=LAYER, y=_SPEED_Y("median")),
    ]
    return panel(_COSTS[cost], layers, width=260, height=HEIGHT)


_STEPS = alt.Axis(
    values=[0, 1, 10, 100, 1000, 10_000, 100_000], labelExpr="format(datum.value, ',')"
)
