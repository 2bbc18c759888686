"""Nielsen, ch. 5: the speed of learning of each hidden layer during 500 full-batch steps."""

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.axes import colour, speed_y, step_x
from depthgauge.report.bounds import bound_table
from depthgauge.report.cells import Records, basis, cell
from depthgauge.report.curves import hover, speed_layers, speed_table
from depthgauge.report.figure import Figure, panel
from depthgauge.studies.nielsen.published import SPEEDS, STEPS

STUDY = "nielsen_training_speed"


def training_speed(records: Records, depth: int) -> Figure:
    """Draw the net with `depth` hidden layers; raises DataError when its record is missing."""
    net = cell(records, STUDY, depth, "full")
    table = speed_table(net, "bias_gradient_norm")
    name = f"{STUDY}_{depth}"
    ours = [*speed_layers(table), _bound(net), hover(name, table, "step", "median")]
    images = net.attrs["config"]["gradients"]["images"]
    return Figure(
        study=STUDY,
        name=name,
        title=f"Speed of learning during training, {depth} hidden layers",
        caption=(
            f"Norm of ∂C/∂b averaged over the first {images:,} training images, before each"
            " full-batch step, for each hidden layer (1 is next to the input). Line: median over"
            " seeds; band: central 95 % of seeds; dashed: the most that the weights allow, Milman's"
            " bound, median over seeds; grey, behind: the chapter's own net, from the data of its"
            f" figure, every tenth step. {basis([net])}"
        ),
        chart=alt.concat(panel("Full batch", [*_published(depth), *ours], 600, 300), columns=1),
    )


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


def _bound(net: xr.Dataset) -> alt.Chart:
    """Return the bound of each hidden layer, from `depthgauge.report.bounds`, as dashed lines."""
    table = bound_table(net).filter(["step", "layer", "median"]).rename(columns={"median": "bound"})
    lines = alt.Chart(table).mark_line(style="reference")
    return lines.encode(x=step_x(), y=speed_y("bound"), color=colour(table))
