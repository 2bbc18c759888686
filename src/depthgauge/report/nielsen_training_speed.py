"""Nielsen, ch. 5: the speed of learning of each hidden layer during 500 full-batch steps."""

import altair as alt
import xarray as xr

from depthgauge.report.axes import colour, speed_y, step_x
from depthgauge.report.bounds import bound_table
from depthgauge.report.cells import Records, basis, cell
from depthgauge.report.curves import hover, speed_layers, speed_table
from depthgauge.report.figure import Figure, panel

STUDY = "nielsen_training_speed"


def training_speed(records: Records, depth: int) -> Figure:
    """Draw the net with `depth` hidden layers; raises DataError when its record is missing."""
    net = cell(records, STUDY, depth, "full")
    table = speed_table(net, "bias_gradient_norm")
    name = f"{STUDY}_{depth}"
    layers = [*speed_layers(table), _bound(net), hover(name, table, "step", "median")]
    images = net.attrs["config"]["gradients"]["images"]
    return Figure(
        study=STUDY,
        name=name,
        title=f"Speed of learning during training, {depth} hidden layers",
        caption=(
            f"Norm of ∂C/∂b averaged over the first {images:,} training images, before each"
            " full-batch step, for each hidden layer (1 is next to the input). Line: median over"
            " seeds; band: central 95 % of seeds; dashed: the most that the weights allow, Milman's"
            f" bound, median over seeds. {basis([net])}"
        ),
        chart=alt.concat(panel("Full batch", layers, 600, 300), columns=1),
    )


def _bound(net: xr.Dataset) -> alt.Chart:
    """Return the bound of each hidden layer, from `depthgauge.report.bounds`, as dashed lines."""
    table = bound_table(net).filter(["step", "layer", "median"]).rename(columns={"median": "bound"})
    lines = alt.Chart(table).mark_line(style="reference")
    return lines.encode(x=step_x(), y=speed_y("bound"), color=colour(table))
