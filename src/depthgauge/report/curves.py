"""Curves over training: seed band, median and, under the pointer, the numbers."""

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.axes import colour, speed_y, step_x
from depthgauge.report.cells import measured
from depthgauge.report.figure import HOVER
from depthgauge.report.labels import Axis, end_labels, label_layer
from depthgauge.report.seeds import band_table


def hidden(cell: xr.Dataset, variable: str) -> xr.DataArray:
    """Return `variable` without the output layer, its axis gradient_step named step."""
    depth = len(cell.attrs["config"]["hidden"])
    return measured(cell, variable).sel(layer=slice(1, depth)).rename(gradient_step="step")


def speed_table(cell: xr.Dataset, variable: str) -> pd.DataFrame:
    """Return the seed bands of the hidden layers: step, layer, low, median, high."""
    return band_table(hidden(cell, variable), "step")


def speed_layers(table: pd.DataFrame) -> list[alt.Chart]:
    """Return band and median of `table` (step, layer, low, median, high) on a log axis."""
    base = alt.Chart(table).encode(x=step_x(), color=colour(table, labelled=True))
    return [
        base.mark_area(style="band").encode(y=speed_y("low"), y2="high"),
        base.mark_line(style="median").encode(y=speed_y("median")),
    ]


def layer_labels(table: pd.DataFrame, x: alt.X, y: alt.Y, axis: Axis) -> alt.Chart:
    """Return "layer 1", ... beside the ends of the lines of `table`; x and y encode them."""
    across, up = (str(each.shorthand).removesuffix(":Q") for each in (x, y))
    ends = end_labels(table, across, up, "layer", axis)
    ends["text"] = [f"layer {layer}" for layer in ends["layer"]]
    return label_layer(ends, x, y, "text")


def hover(name: str, table: pd.DataFrame, x: str, y: str) -> alt.Chart:
    """Return points of `table`, unseen until the pointer is near; then they tell their row."""
    near = alt.selection_point(
        name=f"near_{name}", nearest=True, on="pointerover", clear="pointerout", empty=False
    )
    points = alt.Chart(table, name=f"{HOVER}_{name}").mark_point(filled=True, size=50, clip=True)
    seen = points.encode(
        x=f"{x}:Q",
        y=f"{y}:Q",
        opacity=alt.condition(near, alt.value(1), alt.value(0)),
        tooltip=[str(column) for column in table.columns],
    )
    return (
        seen.encode(color=colour(table, labelled=True)) if "layer" in table else seen
    ).add_params(near)
