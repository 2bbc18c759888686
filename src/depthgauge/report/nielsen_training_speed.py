"""Nielsen, ch. 5: the speed of learning of each hidden layer during 500 full-batch steps."""

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.report.axes import LAYER, SPEED, SPEED_TICKS, step_x
from depthgauge.report.cells import Records, basis, by_depth, hidden, layers_in_words, matching
from depthgauge.report.curves import Frame, curves, y_axis
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis
from depthgauge.report.numbers import typical
from depthgauge.report.seeds import BAND_WORDS, band_table, rounded
from depthgauge.studies.nielsen.register import SPEEDS, STEPS

STUDY = "nielsen_training_speed"
NORM = "bias_gradient_norm"
HEIGHT = 280


def training_speed(records: Records, depth: int) -> Figure:
    """Draw the net with `depth` hidden layers; raises DataError when its record is missing."""
    net = matching(records, STUDY, depth=depth, batch="full")[0]
    axis = _axis(records)
    scale = alt.Scale(type="log", nice=False, domain=[axis.low, axis.high])
    y = y_axis(SPEED, scale, SPEED_TICKS)
    frame = Frame(step_x(), y, LAYER, axis)
    ours = curves(band_table(hidden(net, NORM), "step"), frame, f"{STUDY}_{depth}")
    images = net.attrs["config"]["gradients"]["images"]
    title = layers_in_words(depth)
    return Figure(
        study=STUDY,
        title=f"Speed of learning during training, {title}",
        finding=_finding(net, depth),
        caption=(
            "Is the first layer slower all the way? Norm of ∂C/∂b, the mean gradient over the first"
            f" {images:,} training images, before each full-batch step. Line: median over seeds;"
            f" {BAND_WORDS}; grey, behind: Nielsen's own network, from the data of his figure. The"
            " figures of 2, 3 and 4 hidden layers have the same axes."
        ),
        basis=basis([net]),
        chart=alt.concat(panel(title, [*_published(depth, frame), *ours], 600, HEIGHT), columns=1),
    )


def _finding(net: xr.Dataset, depth: int) -> str:
    """Return how much faster the last layer is than the first: geometric means over seeds."""
    speeds = hidden(net, NORM).astype(float)
    ratio = (speeds.sel(layer=depth) / speeds.sel(layer=1)).transpose("replica", "step")
    least = min(typical(step) for step in ratio.to_numpy().T)
    return (
        f"With {layers_in_words(depth)}, layer {depth} learns {typical(ratio):.3g} times as fast as"
        f" layer 1 on average, and {least:.3g} times at the closest."
    )


def _axis(records: Records) -> Axis:
    """Return the axis that holds the speeds of the nets of any depth, ours and published."""
    nets = by_depth(records, STUDY, batch="full").values()
    tables = [band_table(hidden(net, NORM), "step") for net in nets]
    theirs = [published_table(depth).rename(columns={"speed": "median"}) for depth in SPEEDS]
    found = Axis.over(pd.concat([*tables, *theirs]), HEIGHT, log=True)
    low, high = rounded([found.low, found.high])
    return found._replace(low=float(low), high=float(high))


def published_table(depth: int) -> pd.DataFrame:
    """Return the chapter's own curves as rows: step, layer, speed."""
    curves = np.array(SPEEDS[depth], dtype=float)
    grid = pd.MultiIndex.from_product([range(1, depth + 1), STEPS], names=["layer", "step"])
    return pd.DataFrame({"speed": curves.ravel()}, grid).reset_index()


def _published(depth: int, frame: Frame) -> list[alt.Chart]:
    """Return the chapter's curves, grey, with a label at the end of the last hidden layer's."""
    table = published_table(depth)
    end = table.query("layer == @depth").tail(1).assign(label="Nielsen's net")
    lines, words = (alt.Chart(each).encode(x=frame.x, y=frame.y("speed")) for each in (table, end))
    return [
        lines.mark_line(style="published_curve").encode(detail="layer:N"),
        words.mark_text(style="published_label").encode(text="label:N"),
    ]
