"""Glorot and Bengio, Fig. 9: the spread of weight gradients over training."""

from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.report.axes import LAYER, log_step_x
from depthgauge.report.cells import Records, basis, hidden, matching, missing
from depthgauge.report.curves import Frame, curves, y_axis
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis
from depthgauge.report.seeds import BAND_WORDS, band_table, rounded
from depthgauge.studies.glorot.register import INITS

STUDY = "glorot_saturation"
"""Its tanh nets; the study also measures their weight gradients."""
HEIGHT = 240
_TICKS = alt.Axis(
    values=[c * 10.0**power for power in range(-8, 2) for c in (1, 1.5, 2, 3, 5, 7)], format="~g"
)


def gradients(records: Records) -> Figure:
    """Draw both inits; raises DataError when a record is missing."""
    nets = {init: matching(records, STUDY, model=model)[0] for model, init in INITS.items()}
    if min(len(net.attrs["config"]["hidden"]) for net in nets.values()) < 2:
        raise missing(STUDY, hidden="two layers or more")
    tables = {init: band_table(hidden(net, SPREAD), "step") for init, net in nets.items()}
    axes = _axes(tables)
    panels = []
    for init, table in tables.items():
        scale = alt.Scale(type="log", nice=False, domain=[axes[init].low, axes[init].high])
        y = y_axis("std of ∂C/∂w (cost per unit of weight)", scale, _TICKS)
        frame = Frame(log_step_x(), y, LAYER, axes[init])
        layers = curves(table, frame, f"glorot_gradients_{init}")
        panels.append(panel(f"{init.capitalize()} initialization", layers, 250, HEIGHT))
    return Figure(
        study=STUDY,
        title="Weight gradients over training",
        finding=_finding(nets),
        caption=(
            "Do the layers drift apart? Standard deviation of all entries of ∂C/∂w of each of the"
            " first 300 training images, for the weights into each of five hidden layers of 1,000"
            " tanh units. Layer 1, whose inputs are the images, is wider; claims compare layers 2"
            f" to 5. Line: median over seeds; {BAND_WORDS}. Both axes span the same factor, so"
            " that equal distances are equal ratios."
        ),
        basis=basis(nets.values()),
        chart=alt.concat(*panels, columns=2),
    )


SPREAD = "weight_gradient_std"


def _axes(tables: Mapping[str, pd.DataFrame]) -> dict[str, Axis]:
    """Return axes around each table's values, all as long as the longest."""
    found = {init: Axis.over(table, HEIGHT, log=True) for init, table in tables.items()}
    half = max(each.high / each.low for each in found.values()) ** 0.5
    axes = {}
    for init, each in found.items():
        middle = np.sqrt(each.low * each.high)
        low, high = rounded([middle / half, middle * half]).tolist()
        axes[init] = each._replace(low=low, high=high)
    return axes


def _finding(nets: Mapping[str, xr.Dataset]) -> str:
    """Return largest over smallest layer, 2 to the last hidden one, after the last update."""
    parts = []
    for init, net in nets.items():
        means = hidden(net, SPREAD).isel(step=-1).sel(layer=slice(2, None)).mean("replica")
        parts.append(f"{float(means.max() / means.min()):.3g} with the {init} initialization")
    steps = next(iter(nets.values())).attrs["config"]["steps"]
    return f"After {steps:,} updates layers differ by a factor of {' and '.join(parts)}."
