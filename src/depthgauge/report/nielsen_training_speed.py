"""Nielsen, ch. 5: the speed of learning of each hidden layer during 500 full-batch steps."""

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.report.axes import speed_y, step_x
from depthgauge.report.cells import Records, basis, cell, cells, layers_in_words
from depthgauge.report.curves import hidden, hover, layer_labels, speed_layers, speed_table
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis
from depthgauge.report.seeds import BAND_WORDS, rounded
from depthgauge.studies.nielsen.published import SPEEDS, STEPS

STUDY = "nielsen_training_speed"
SPEED = "bias_gradient_norm"
HEIGHT = 280


def training_speed(records: Records, depth: int) -> Figure:
    """Draw the net with `depth` hidden layers; raises DataError when its record is missing."""
    net = cell(records, STUDY, depth, "full")
    table = speed_table(net, SPEED)
    name = f"{STUDY}_{depth}"
    ends = _range(records)
    layers = [
        *_published(depth),
        *speed_layers(table),
        layer_labels(table, step_x(), speed_y("median", ends), Axis(*ends, HEIGHT, log=True)),
        hover(name, table, "step", "median"),
    ]
    images = net.attrs["config"]["gradients"]["images"]
    return Figure(
        study=STUDY,
        name=name,
        title=f"Speed of learning during training, {layers_in_words(depth)}",
        finding=_finding(net, depth),
        caption=(
            "Is the first layer slower all the way? Norm of ∂C/∂b, the mean gradient over the first"
            f" {images:,} training images, before each full-batch step. Line: median over seeds;"
            f" {BAND_WORDS}; grey, behind: Nielsen's own network, from the data of his figure. The"
            " figures of 2, 3 and 4 hidden layers have the same axes."
        ),
        basis=basis([net]),
        chart=alt.concat(
            panel(layers_in_words(depth).capitalize(), layers, 600, HEIGHT), columns=1
        ),
    )


def _finding(net: xr.Dataset, depth: int) -> str:
    """Return how much faster the last layer is than the first: geometric means."""
    speeds = hidden(net, SPEED).astype(float)
    ratio = (speeds.sel(layer=depth) / speeds.sel(layer=1)).transpose("replica", "step")
    ratios = np.log(ratio.to_numpy()).mean(axis=0)
    return (
        f"With {layers_in_words(depth)}, layer {depth} learns {np.exp(float(ratios.mean())):.3g}"
        f" times as fast as layer 1 on average, and {np.exp(float(ratios.min())):.3g} times at the"
        " closest."
    )


def _range(records: Records) -> tuple[float, float]:
    """Return the least and the largest speed of the nets of any depth, ours and published."""
    tables = [speed_table(net, SPEED) for net in cells(records, STUDY, "full").values()]
    curves = [published_table(depth)["speed"] for depth in SPEEDS]
    ours = [each[end] for each in tables for end in ("low", "high")]
    values = pd.concat([*ours, *curves])
    return float(rounded([values.min()])[0]), float(rounded([values.max()])[0])


def published_table(depth: int) -> pd.DataFrame:
    """Return the chapter's own curves as rows: step, layer, speed."""
    return pd.DataFrame(
        [
            {"step": int(step), "layer": layer, "speed": float(speed)}
            for layer, curve in enumerate(SPEEDS[depth], start=1)
            for step, speed in zip(STEPS, curve, strict=True)
        ]
    )


def _published(depth: int) -> list[alt.Chart]:
    """Return the chapter's curves, grey, with a label at the end of the last hidden layer's."""
    table = published_table(depth)
    lines = alt.Chart(table).mark_line(style="published_curve")
    end = alt.Chart(table.query("layer == @depth").tail(1).assign(label="Nielsen's net"))
    words = end.mark_text(style="published_label").encode(text="label:N")
    return [
        lines.encode(x=step_x(), y=speed_y("speed"), detail="layer:N"),
        words.encode(x=step_x(), y=speed_y("speed")),
    ]
