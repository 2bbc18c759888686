"""Curves: seed band, median, names at their ends and, under the pointer, the numbers."""

import re
from collections.abc import Callable
from typing import NamedTuple

import altair as alt
import pandas as pd

from depthgauge.report.figure import HOVER
from depthgauge.report.labels import Axis, end_labels


class Frame(NamedTuple):
    """What the curves of a panel are drawn on."""

    x: alt.X
    y: Callable[[str], alt.Y]
    """Column -> its encoding: all columns of a panel have one axis."""
    colour: alt.Color | alt.ColorDatum | None = None
    """The column that distinguishes curves; None for a single curve."""
    axis: Axis | None = None
    """Where names stand at the ends of curves; without it there are none."""


def y_axis(
    title: str, scale: alt.Scale | None = None, axis: alt.Axis | None = None
) -> Callable[[str], alt.Y]:
    """Return the encodings of a panel's y axis, by column."""
    settings = {"scale": scale or alt.Undefined, "axis": axis or alt.Undefined}
    return lambda field: alt.Y(f"{field}:Q", title=title, **settings)


def curves(
    table: pd.DataFrame, frame: Frame, key: str, middle: str = "median", points: bool = False
) -> list[alt.Chart]:
    """Return the curves of `table`: columns of x and colour, `middle`, optionally low and high.

    `key` identifies the panel on the page; with `points` every row has a dot.
    """
    base = alt.Chart(table).encode(x=frame.x)
    if frame.colour is not None:
        base = base.encode(color=frame.colour)
    layers = [base.mark_line(style="median", clip=True, point=points).encode(y=frame.y(middle))]
    if "low" in table:
        band = base.mark_area(style="band", clip=True)
        layers.insert(0, band.encode(y=frame.y("low"), y2="high"))
    if frame.axis is not None:
        layers += end_names(table, frame, frame.axis, middle)
    return [*layers, _hover(base.encode(y=frame.y(middle)), table, key)]


def end_names(table: pd.DataFrame, frame: Frame, axis: Axis, middle: str) -> list[alt.Chart]:
    """Return the name of each curve next to its end, behind a dot of the curve's colour.

    A name is "layer 1", or the value that distinguishes the curve.
    """
    across, name = _column(frame.x), _column(frame.colour)
    ends = end_labels(table, across, middle, name, axis)
    ends["text"] = [f"layer {each}" if name == "layer" else each for each in ends[name]]
    base = alt.Chart(ends).encode(x=frame.x, y=frame.y(middle))
    return [
        base.mark_point(style="key", xOffset=8).encode(color=frame.colour or alt.Undefined),
        base.mark_text(style="line_label").encode(text="text:N"),
    ]


def _column(encoding: alt.X | alt.Color | alt.ColorDatum | None) -> str:
    return str(getattr(encoding, "shorthand", "")).split(":")[0]


def _hover(base: alt.Chart, table: pd.DataFrame, key: str) -> alt.Chart:
    """Return points that are invisible until the pointer is near; then they show their row."""
    name = re.sub(r"\W+", "_", key)
    near = alt.selection_point(
        name=f"near_{name}", nearest=True, on="pointerover", clear="pointerout", empty=False
    )
    points = base.mark_point(filled=True, size=50, clip=True).properties(name=f"{HOVER}_{name}")
    opacity = alt.condition(near, alt.value(1), alt.value(0))
    return points.encode(opacity=opacity, tooltip=[str(each) for each in table]).add_params(near)
