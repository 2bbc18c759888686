"""Glorot and Bengio, Fig. 9: the spread of weight gradients over training."""

import altair as alt

from depthgauge.report.axes import colour, log_step_x
from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.seeds import band_table
from depthgauge.studies.glorot.published import INITS

STUDY = "glorot_saturation"
"""Its tanh nets; their weight gradients are looked at, too."""


def gradients(records: Records) -> Figure:
    """Draw both inits; raises DataError when a record is missing."""
    nets = {init: matching(records, STUDY, model=model)[0] for model, init in INITS.items()}
    panels = []
    for init, net in nets.items():
        spreads = measured(net, "weight_gradient_std").isel(layer=slice(0, -1))
        table = band_table(spreads.rename(signal_step="step"), "step")
        base = alt.Chart(table).encode(x=log_step_x(), color=colour(table))
        scale = alt.Scale(type="log", nice=False)
        y = alt.Y(
            "median:Q", title="std of ∂C/∂w (cost per unit of weight)", scale=scale, axis=_AXIS
        )
        layers = [
            base.mark_area(style="band").encode(y=alt.Y("low:Q", scale=scale), y2="high"),
            base.mark_line(style="median").encode(y=y),
        ]
        panels.append(panel(f"{init.capitalize()} init", layers, 290, 240))
    return Figure(
        study=STUDY,
        name="glorot_gradients",
        title="Weight gradients over training",
        caption=(
            "Standard deviation of all entries of ∂C/∂w of each of the first 300 training images,"
            " for the weights into each of five hidden layers of 1,000 tanh units (1 is next to the"
            " input, which is wider; claims compare layers 2 to 5). Line: median over seeds; band:"
            f" central 95 % of seeds. {basis(nets.values())}"
        ),
        chart=alt.concat(*panels, columns=2).resolve_scale(y="shared"),
    )


_AXIS = alt.Axis(values=[c * 10.0**power for power in range(-8, 2) for c in (1, 3)], format="~g")
