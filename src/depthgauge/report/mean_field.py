"""How gradients change over depth before training, under mean field's prediction."""

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.claims.judgement import UndecidableError
from depthgauge.errors import DataError
from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.seeds import band_table, rounded
from depthgauge.studies.theory.predictions import predicted_profile
from depthgauge.studies.theory.register import ACTIVATIONS, INITS, NETS

STUDY = "mean_field"

_NAMES = dict(zip(INITS, ("Nielsen", "Nielsen N(0,1)", "standard", "normalized"), strict=True))


def mean_field(records: Records) -> Figure:
    """Draw every activation and init, for both shapes of net; DataError when one is missing."""
    drawn, panels = [], []
    for name, hidden in NETS.items():
        for activation in ACTIVATIONS:
            nets = [
                matching(records, STUDY, activation=activation, hidden=hidden, init=init)[0]
                for init in INITS
            ]
            drawn += nets
            panels.append(_panel(f"{activation}, {name}", nets))
    images = drawn[0].attrs["config"]["gradients"]["images"]
    return Figure(
        study=STUDY,
        name=STUDY,
        title="Gradients over depth before training: measured, and predicted without a network",
        caption=(
            "Root mean square of |δ|, δ = ∂C/∂z, over that of the last hidden layer, for nets of"
            f" 10 hidden layers of 200 units and of 30 of 100, on {images} training images, with"
            " four initializations (band: central 95 % of seeds). Dashed, over the bands: mean"
            " field, which knows the mean square of the images, the variances of the initialization"
            f" and the activation alone. {basis(drawn)}"
        ),
        chart=alt.concat(*panels, columns=len(ACTIVATIONS)),
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


def _panel(title: str, nets: list[xr.Dataset]) -> alt.LayerChart:
    table = pd.concat([profile_table(net) for net in nets])
    x = alt.X("hidden:Q", title="hidden layer")
    colour = alt.Color("init:N", title="init", scale=alt.Scale(domain=list(_NAMES.values())))
    base = alt.Chart(table).encode(x=x, color=colour)
    layers = [
        base.mark_area(style="band").encode(y=_y("low"), y2="high"),
        base.mark_line(style="reference").encode(y=_y("theory"), tooltip=list(table.columns)),
    ]
    return panel(title, layers, width=130, height=190)


def _y(field: str) -> alt.Y:
    return alt.Y(
        f"{field}:Q",
        title="|δ| over the last hidden layer's",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(format="~e", tickCount=6),
    )
