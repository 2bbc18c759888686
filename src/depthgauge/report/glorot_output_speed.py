"""Glorot and Bengio, section 3.1: whom the output listens to during the first updates."""

import altair as alt
import pandas as pd

from depthgauge.report.axes import log_step_x
from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.seeds import band_table
from depthgauge.studies.glorot.published import FIRST_UPDATES

STUDY = "glorot_saturation"

PARTS = {
    "output_signal_speed": "W h",
    "output_bias_speed": "bias b",
    "image_signal_speed": "W h without its mean over images",
}


def output_speed(records: Records) -> Figure:
    """Draw the three speeds of the sigmoid net; raises DataError when its record is missing."""
    net = matching(records, STUDY, model="sigmoid_4")[0]
    table = pd.concat(
        band_table(measured(net, name), "output_step").assign(part=part)
        for name, part in PARTS.items()
    ).rename(columns={"output_step": "step"})
    scale = alt.Scale(type="log", nice=False)
    y = alt.Y("median:Q", title="speed (1 per step and unit of rate)", scale=scale, axis=_AXIS)
    dash = alt.StrokeDash(
        "part:N", sort=list(PARTS.values()), legend=alt.Legend(title="part", labelLimit=0)
    )
    base = alt.Chart(table).encode(x=log_step_x())
    layers = [
        base.mark_area(style="band").encode(
            y=alt.Y("low:Q", scale=scale), y2="high", detail="part:N"
        ),
        base.mark_line(style="median").encode(
            y=y, strokeDash=dash, tooltip=["part", "step", "low", "median", "high"]
        ),
    ]
    return Figure(
        study=STUDY,
        name="glorot_output_speed",
        title="How fast the output's bias and the signal beside it learn",
        caption=(
            "A sigmoid net with four hidden layers of 1,000 units; h is the top one. Speeds of b"
            " and W h in b + W h under gradient descent on the first 300 training images, per unit"
            " of learning rate; for W h the root mean square over images, once as it is and once"
            " without its mean over images, the part that can tell images apart. The claims are"
            f" about the first {FIRST_UPDATES} updates. Line: median over seeds; band: central 95 %"
            f" of seeds. {basis([net])}"
        ),
        chart=alt.concat(panel("Sigmoid", layers, 600, 280), columns=1),
    )


_AXIS = alt.Axis(values=[10.0**power for power in range(-8, 6)], format="~g")
