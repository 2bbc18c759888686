"""How gradients change over depth before training, under mean field's prediction."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.claims.judgement import UndecidableError
from depthgauge.errors import DataError
from depthgauge.report.axes import LOG
from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.curves import y_axis
from depthgauge.report.figure import Figure, panel
from depthgauge.report.seeds import band_table, rounded
from depthgauge.studies.theory.predictions import predicted_profile
from depthgauge.studies.theory.register import ACTIVATIONS, INITS, NETS

STUDY = "mean_field"

_NAMES = dict(zip(INITS, ("N(0, 1/n)", "N(0, 1)", "standard", "normalized"), strict=True))


def mean_field(records: Records) -> Figure:
    """Draw every activation and init, for both shapes of net; DataError when one is missing."""
    drawn, tables, panels = [], [], []
    for name, hidden in NETS.items():
        for activation in ACTIVATIONS:
            nets = [
                matching(records, STUDY, activation=activation, hidden=hidden, init=init)[0]
                for init in INITS
            ]
            drawn += nets
            tables += [profile_table(net) for net in nets]
            panels.append(_panel(f"{activation}, {name.replace('x', ' × ')}", tables[-len(nets) :]))
    images = drawn[0].attrs["config"]["gradients"]["images"]
    return Figure(
        study=STUDY,
        title="Size of gradients over depth before training, measured and predicted",
        finding=_finding(tables),
        caption=(
            "Dots are measured, lines are predicted: mean-field theory knows only the activation,"
            " the variances of the initialization and the mean square of the images. Root mean"
            f" square of δ = ∂C/∂z over {images} training images, relative to the last hidden"
            " layer; dots: median over seeds. Networks of 10 hidden layers of 200 units and of 30"
            " of 100. With ReLU the lines of N(0, 1/n) and of the normalized initialization"
            " coincide. Each panel has its own axis."
        ),
        basis=basis(drawn),
        chart=alt.concat(*panels, columns=len(ACTIVATIONS)),
    )


def _finding(tables: Sequence[pd.DataFrame]) -> str:
    """Return how far the measured change per layer is from the predicted one, at the most."""
    largest = max(
        abs((first["median"] / first["theory"]) ** (1 / (len(table) - 1)) - 1)
        for table in tables
        for first in [table.sort_values("hidden").iloc[0]]
    )
    return (
        f"In all {len(tables)} networks the change per layer is within {100 * largest:.2g} % of"
        " what mean-field theory predicts."
    )


def profile_table(net: xr.Dataset) -> pd.DataFrame:
    """Return hidden layer, low, median, high and `theory` of one cell, over the last layer's."""
    depth = len(net.attrs["config"]["hidden"])
    norms = measured(net, "delta_rms").sel(gradient_step=0, layer=slice(1, depth)).astype(float)
    table = band_table(norms / norms.isel(layer=-1), "layer")
    try:
        theory = predicted_profile(net)
    except UndecidableError as reason:
        raise DataError(
            f"mean field cannot be drawn: {reason}; run `depthgauge train study={STUDY}` again"
        ) from None
    table = table.rename(columns={"layer": "hidden"})
    init = _NAMES[net.attrs["config"]["init"]]
    return table.assign(theory=rounded(theory[table["hidden"] - 1]), init=init)


def _panel(title: str, tables: Sequence[pd.DataFrame]) -> alt.LayerChart:
    table = pd.concat(tables)
    layers = int(table["hidden"].to_numpy().max())
    ticks = alt.Axis(values=[1, layers // 2, layers], format="d", grid=False)
    x = alt.X("hidden:Q", title="hidden layer", axis=ticks, scale=alt.Scale(domain=[1, layers]))
    colour = alt.Color(
        "init:N", title="initial weights", scale=alt.Scale(domain=list(_NAMES.values()))
    )
    every = max(1, layers // 7)  # dots would run into each other
    y = y_axis("δ relative to the last hidden layer", LOG, alt.Axis(format="~e", tickCount=6))
    lines, dots = (
        alt.Chart(rows).encode(x=x, color=colour, tooltip=list(table.columns))
        for rows in (table, table.query(f"(hidden - 1) % {every} == 0"))
    )
    marks = [
        lines.mark_line(style="median").encode(y=y("theory")),
        dots.mark_point(style="measured").encode(y=y("median")),
    ]
    return panel(title, marks, width=120, height=170)
