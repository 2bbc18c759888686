"""Nielsen, ch. 5: the speed of learning of each hidden layer during 500 full-batch steps."""

import altair as alt

from depthgauge.report.cells import Records, basis, cell
from depthgauge.report.curves import hover, speed_layers, speed_table
from depthgauge.report.figure import Figure, panel

STUDY = "nielsen_training_speed"


def training_speed(records: Records, depth: int) -> Figure:
    """Draw the net with `depth` hidden layers; raises DataError when its record is missing."""
    net = cell(records, STUDY, depth, "full")
    table = speed_table(net, "bias_gradient_norm")
    name = f"{STUDY}_{depth}"
    layers = [*speed_layers(table), hover(name, table, "step", "median")]
    images = net.attrs["config"]["gradients"]["images"]
    return Figure(
        study=STUDY,
        name=name,
        title=f"Speed of learning during training, {depth} hidden layers",
        caption=(
            f"Norm of ∂C/∂b averaged over the first {images:,} training images, before each"
            " full-batch step, for each hidden layer (1 is next to the input). Line: median over"
            f" seeds; band: central 95 % of seeds. {basis([net])}"
        ),
        chart=alt.concat(panel("Full batch", layers, 600, 300), columns=1),
    )
