"""Glorot and Bengio, Fig. 9: the spread of weight gradients over training."""

from collections.abc import Mapping

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.axes import colour, log_step_x
from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.curves import layer_labels
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis
from depthgauge.report.seeds import BAND_WORDS, band_table
from depthgauge.studies.glorot.published import INITS

STUDY = "glorot_saturation"
"""Its tanh nets; their weight gradients are looked at, too."""


def gradients(records: Records) -> Figure:
    """Draw both inits; raises DataError when a record is missing."""
    nets = {init: matching(records, STUDY, model=model)[0] for model, init in INITS.items()}
    tables = {init: _table(net) for init, net in nets.items()}
    axis = Axis.over(pd.concat(tables.values()), HEIGHT, log=True)
    panels = []
    for init, table in tables.items():
        base = alt.Chart(table).encode(x=log_step_x(), color=colour(table, labelled=True))
        scale = alt.Scale(type="log", nice=False)
        y = alt.Y(
            "median:Q", title="std of ∂C/∂w (cost per unit of weight)", scale=scale, axis=_AXIS
        )
        layers = [
            base.mark_area(style="band").encode(y=alt.Y("low:Q", scale=scale), y2="high"),
            base.mark_line(style="median").encode(y=y),
            layer_labels(table, log_step_x(), y, axis),
        ]
        panels.append(panel(f"{init.capitalize()} initialization", layers, 250, HEIGHT))
    return Figure(
        study=STUDY,
        name="glorot_gradients",
        title="Weight gradients over training",
        finding=_finding(nets),
        caption=(
            "Do the layers drift apart? Standard deviation of all entries of ∂C/∂w of each of the"
            " first 300 training images, for the weights into each of five hidden layers of 1,000"
            " tanh units. Layer 1, whose inputs are the images, is wider; claims compare layers 2"
            f" to 5. Line: median over seeds; {BAND_WORDS}. Both panels have the same axes."
        ),
        basis=basis(nets.values()),
        chart=alt.concat(*panels, columns=2).resolve_scale(y="shared"),
    )


def _table(net: xr.Dataset) -> pd.DataFrame:
    spreads = measured(net, "weight_gradient_std").isel(layer=slice(0, -1))
    return band_table(spreads.rename(signal_step="step"), "step")


def _finding(nets: Mapping[str, xr.Dataset]) -> str:
    """Return largest over smallest layer, 2 to the last hidden one, after the last update."""
    parts = []
    for init, net in nets.items():
        hidden = measured(net, "weight_gradient_std").isel(signal_step=-1, layer=slice(1, -1))
        means = hidden.mean("replica")
        parts.append(f"{float(means.max() / means.min()):.3g} with the {init} initialization")
    steps = next(iter(nets.values())).attrs["config"]["steps"]
    return f"After {steps:,} updates layers differ by a factor of {' and '.join(parts)}."


HEIGHT = 240
_AXIS = alt.Axis(values=[c * 10.0**power for power in range(-8, 2) for c in (1, 3)], format="~g")
