"""Distributions over seeds as ridges on one log axis: a row a layer, its interval beneath."""

from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd

from depthgauge.claims.statistics import geometric, t_prediction_interval
from depthgauge.report.axes import LAYER, bare, speed_x
from depthgauge.report.numbers import typical
from depthgauge.report.seeds import rounded

Samples = Mapping[int, np.ndarray]
"""Layer -> its values over seeds, none negative."""

_HEIGHT = 0.72
"""Of the room between two rows, how much the highest bin of a panel takes."""
_BELOW = 0.12
"""How far beneath its row a layer's interval is drawn, in rows."""

_SHAPES = alt.Scale(domain=["Nielsen's network", "mean-field theory"], range=["diamond", "cross"])

_FOOT = 0.9
"""Rows beneath the last layer's, where `span_layers` stands."""


def ridge_table(samples: Samples) -> pd.DataFrame:
    """Return histograms in bins of one log width for all layers, by Freedman and Diaconis's rule.

    Rows: layer, from, to (the bin's ends), share (of the layer's values).
    """
    # A gradient that is exactly 0 has no place on a log axis.
    logs = {layer: np.log10(values[values > 0]) for layer, values in samples.items()}
    residuals = np.concatenate([each - np.median(each) for each in logs.values()])
    edges = np.histogram_bin_edges(residuals, "fd")
    width = max(edges[1] - edges[0], 0.01)  # seeds that are all alike still get a bin to see
    return pd.concat([_histogram(layer, each, width) for layer, each in logs.items()])


def _histogram(layer: int, logs: np.ndarray, width: float) -> pd.DataFrame:
    edges = np.arange(np.floor(logs.min() / width), np.floor(logs.max() / width) + 2) * width
    counts, _ = np.histogram(logs, edges)
    ends, share = rounded(10**edges), rounded(counts / len(logs))
    return pd.DataFrame({"layer": layer, "from": ends[:-1], "to": ends[1:], "share": share})


def interval_table(samples: Samples) -> pd.DataFrame:
    """Return where one more run would fall, for layers with two values or more.

    Rows: layer, mean (geometric), low, high (95 % t prediction interval of the logarithms).
    """
    rows = [
        (layer, *rounded(np.array(geometric(t_prediction_interval, values))))
        for layer, values in samples.items()
        if len(values) > 1
    ]
    return pd.DataFrame(rows, columns=["layer", "mean", "low", "high"])


def ridge_layer(table: pd.DataFrame) -> alt.Chart:
    """Return the ridges of a `ridge_table`: layer 1, next to the input, on top."""
    scale = _HEIGHT / table["share"].max()
    rows = table.assign(row=-table["layer"], top=-table["layer"] + scale * table["share"])
    bins = alt.Chart(rows).mark_rect(style="ridge")
    return bins.encode(
        x=speed_x("from", float(max(table["to"]) / min(table["from"]))),
        x2="to",
        y=_rows(table),
        y2="top",
        color=LAYER,
        tooltip=["layer", "from", "to", "share"],
    )


def interval_layers(table: pd.DataFrame) -> list[alt.Chart]:
    """Return the prediction intervals of an `interval_table`, as whiskers beneath the rows."""
    tooltip = ["layer", "mean", "low", "high"]
    base = alt.Chart(table.assign(row=-table["layer"] - _BELOW)).encode(
        y=_rows(table), tooltip=tooltip
    )
    ends = base.mark_tick(style="interval", orient="vertical", size=9)
    return [
        base.mark_rule(style="interval").encode(x=speed_x("low"), x2="high"),
        ends.encode(x=speed_x("low")),
        ends.encode(x=speed_x("high")),
    ]


def published_layer(published: Mapping[int, float]) -> alt.Chart:
    """Return the published speeds, by layer, as diamonds on their layers' intervals."""
    return _points(published, "published", "Nielsen's network", _BELOW)


def predicted_layer(predicted: Mapping[int, float]) -> alt.Chart:
    """Return speeds that theory predicts, by layer, as crosses clear of the diamonds."""
    return _points(predicted, "predicted", "mean-field theory", 2.5 * _BELOW)


def _points(speeds: Mapping[int, float], style: str, name: str, below: float) -> alt.Chart:
    """Return a point for each layer, `below` its row, which a legend calls `name`."""
    table = pd.DataFrame({"layer": list(speeds), style: list(speeds.values())})
    shape = alt.Shape("mark:N", title=None, scale=_SHAPES)
    marks = alt.Chart(table.assign(row=-table["layer"] - below, mark=name)).mark_point(style=style)
    return marks.encode(x=speed_x(style), y=_rows(table), shape=shape, tooltip=["layer", style])


def span_layers(samples: Samples) -> list[alt.Chart]:
    """Return a line from the first layer's geometric mean to the last one's, over their ratio."""
    low, high = typical(samples[min(samples)]), typical(samples[max(samples)])
    row = -max(samples) - 0.5
    ends = pd.DataFrame({"from": [low], "to": [high], "row": [row], "layer": [max(samples)]})
    ends = ends.assign(middle=np.sqrt(low * high), ratio=f"{high / low:.3g} times")
    base = alt.Chart(ends).encode(y=_rows(pd.DataFrame({"layer": list(samples)})))
    return [
        base.mark_rule(style="interval").encode(x=speed_x("from"), x2="to"),
        base.mark_text(style="span").encode(x=speed_x("middle"), text="ratio:N"),
        *(
            base.mark_tick(style="interval", orient="vertical", size=9).encode(x=speed_x(end))
            for end in ("from", "to")
        ),
    ]


def _rows(table: pd.DataFrame) -> alt.Y:
    layers = sorted(set(table["layer"]))
    axis = bare([-layer for layer in layers], None, "'layer ' + (-datum.value)")
    scale = alt.Scale(domain=[-max(layers) - _FOOT, -min(layers) + 0.8])
    return alt.Y("row:Q", axis=axis, title=None, scale=scale)
