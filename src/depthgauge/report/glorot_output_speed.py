"""Glorot and Bengio, section 3.1: whom the output listens to during the first updates."""

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.axes import LOG, log_step_x
from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.curves import Frame, curves, y_axis
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis
from depthgauge.report.numbers import typical
from depthgauge.report.seeds import BAND_WORDS, band_table
from depthgauge.studies.glorot.register import FIRST_UPDATES

STUDY = "glorot_saturation"
HEIGHT = 240

PARTS = {
    "output_signal_speed": "W h",
    "output_bias_speed": "bias b",
    "image_signal_speed": "W h, image by image",
}


def output_speed(records: Records) -> Figure:
    """Draw the three speeds of the sigmoid net; raises DataError when its record is missing."""
    net = matching(records, STUDY, model="sigmoid_4")[0]
    table = pd.concat(
        band_table(measured(net, name), "output_step").assign(part=part)
        for name, part in PARTS.items()
    ).rename(columns={"output_step": "step"})
    ticks = alt.Axis(values=[10.0**power for power in range(-8, 6)], format="~g")
    frame = Frame(
        log_step_x(),
        y_axis("speed (1 per step and unit of rate)", LOG, ticks),
        alt.Color("part:N", scale=alt.Scale(domain=list(PARTS.values())), legend=None),
        Axis.over(table, HEIGHT, log=True),
    )
    drawn = panel("Sigmoid network", curves(table, frame, "glorot_output_speed"), 520, HEIGHT)
    return Figure(
        study=STUDY,
        title="How fast the output's bias and the signal beside it learn",
        finding=_finding(net),
        caption=(
            "Where the bias b learns faster than the part of W h that differs from image to image,"
            " the output learns to ignore the top layer h. Speeds of b and W h in b + W h under"
            " gradient descent on the first 300 training images, per unit of learning rate; for W h"
            " the root mean square over images, with and without its mean over"
            " images. Sigmoid network with four hidden layers of 1,000 units."
            f" Line: median over seeds; {BAND_WORDS}."
        ),
        basis=basis([net]),
        chart=alt.concat(drawn, columns=1),
    )


def _finding(net: xr.Dataset) -> str:
    """Return the geometric mean over seeds and the first updates of the bias's lead."""
    ratio = measured(net, "output_bias_speed") / measured(net, "image_signal_speed")
    lead = typical(ratio.sel(output_step=slice(0, FIRST_UPDATES)))
    return (
        f"Over the first {FIRST_UPDATES} updates the output's bias learns {lead:.3g} times as fast"
        " as the part of W h that can tell images apart."
    )
