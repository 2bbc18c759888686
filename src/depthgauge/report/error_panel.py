"""Test error against updates: what the figures of section 5 draw alike."""

from collections.abc import Mapping

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.chosen_rates import curve_table
from depthgauge.report.curves import Frame, curves, y_axis
from depthgauge.report.figure import panel
from depthgauge.report.labels import Axis

error_y = y_axis("test error (%)", alt.Scale(zero=False))
"""A y axis of test errors in percent."""


def error_panels(
    nets: Mapping[str, Mapping[str, xr.Dataset]], key: str, colour: alt.Color, size: tuple[int, int]
) -> list[alt.LayerChart]:
    """Return a panel for each title of `nets` (title -> name of the net -> net), on one y axis.

    `colour` is that of a net's name; `size` is width and height in pixels.
    """
    tables = {
        title: pd.concat([curve_table(net).assign(net=name) for name, net in each.items()])
        for title, each in nets.items()
    }
    width, height = size
    axis = Axis.over(pd.concat(tables.values()), height)
    frame = Frame(
        alt.X(
            "updates:Q", title="updates", axis=alt.Axis(tickCount=4), scale=alt.Scale(nice=False)
        ),
        error_y,
        colour,
        axis,
    )
    return [
        panel(title, curves(table, frame, f"{key}_{title}", points=True), width, height)
        for title, table in tables.items()
    ]


def net_colour(names: list[str]) -> alt.Color:
    """Return the colour of a net's name: one of `names`, which stand at the ends of the curves."""
    return alt.Color("net:N", scale=alt.Scale(domain=names), legend=None)
