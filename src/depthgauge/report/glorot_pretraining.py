"""Glorot and Bengio, section 3.1 and Fig. 11: sigmoid nets with and without pre-training."""

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.claims.rates import final_test_error
from depthgauge.report.axes import colour
from depthgauge.report.cells import Records, measured
from depthgauge.report.chosen_rates import Nets, curve_table, error_basis, nets_by_set
from depthgauge.report.curves import layer_labels
from depthgauge.report.error_layers import error_layers
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis, end_labels, label_layer
from depthgauge.report.numbers import brief
from depthgauge.report.seeds import BAND_WORDS, band_table
from depthgauge.studies.glorot.pretraining import SATURATED

STUDY = "glorot_pretraining"
DATASET = "shapeset"
HEIGHT = 220

_NAMES = {"sigmoid": "without", "pretrained": "with"}


def pretraining(records: Records) -> Figure:
    """Draw mean activations and test errors of the nets; raises DataError without any."""
    found = nets_by_set(records, STUDY, (DATASET,))
    nets = {model: net for model, net in found[DATASET].items() if model in _NAMES}
    layers = [_activations(model, net) for model, net in nets.items()]
    images = next(iter(nets.values())).attrs["config"]["saturation"]["images"]
    return Figure(
        study=STUDY,
        name=STUDY,
        title="Sigmoid networks with and without pre-training",
        finding=_finding(nets),
        caption=(
            "Does the top layer fall below the dashed line, where it counts as"
            f" saturated? Mean activation of each hidden layer on {images} test images during"
            " training with labels. Each network at the learning rate chosen on"
            " the validation images; pre-training makes every hidden layer a denoising auto-encoder"
            f" first, and its steps are not counted here. Line: median over seeds; {BAND_WORDS}."
        ),
        basis=error_basis(found),
        chart=alt.concat(*layers, _errors(nets), columns=3).resolve_scale(color="independent"),
    )


def _finding(nets: Nets) -> str:
    errors = ", ".join(
        f"{brief(final_test_error(net).mean())} % {_NAMES[model]} pre-training"
        for model, net in nets.items()
    )
    return f"Mean test error of sigmoid networks after the last update: {errors}."


def _activations(model: str, net: xr.Dataset) -> alt.LayerChart:
    hidden = len(net.attrs["config"]["hidden"])
    means = measured(net, "activation_mean").sel(layer=slice(1, hidden))
    table = band_table(means, "activation_step")
    # a logarithmic axis has no 0: the state before the first update stands at 1/2
    table["step"] = np.maximum(table.pop("activation_step"), 0.5)
    decades = alt.Axis(values=[10**power for power in range(8)], format="~s")
    x = alt.X("step:Q", title="updates", scale=alt.Scale(type="log", nice=False), axis=decades)
    low, median, level = (
        alt.Y(f"{field}:Q", title="mean activation", scale=alt.Scale(domain=[0, 1]))
        for field in ("low", "median", "level")
    )
    base = alt.Chart(table).encode(x=x, color=colour(table, labelled=True))
    ends = {"step": [0.5, float(means["activation_step"][-1])], "level": [SATURATED] * 2}
    layers = [
        base.mark_area(style="band").encode(y=low, y2="high"),
        base.mark_line(style="median").encode(
            y=median, tooltip=["layer", "step", "low", "median", "high"]
        ),
        layer_labels(table, x, median, Axis(0, 1, HEIGHT)),
        alt.Chart(pd.DataFrame(ends)).mark_line(style="reference").encode(x=x, y=level),
    ]
    return panel(f"{_NAMES[model].capitalize()} pre-training", layers, width=140, height=HEIGHT)


def _errors(nets: Nets) -> alt.LayerChart:
    tables = [curve_table(net).assign(net=_NAMES[model]) for model, net in nets.items()]
    names = list(_NAMES.values())
    shade = alt.Color("net:N", scale=alt.Scale(domain=names), legend=None)
    table = pd.concat(tables, ignore_index=True)
    x = alt.X("updates:Q", title="updates", axis=alt.Axis(format="~s", tickCount=4))
    base = alt.Chart(table).encode(x=x, color=shade)
    ends = end_labels(table, "updates", "median", "net", Axis.over(table, HEIGHT))
    names_beside = label_layer(ends, x, alt.Y("median:Q"), "net")
    return panel(
        "Test error",
        [*error_layers(base, "net", "updates"), names_beside],
        width=140,
        height=HEIGHT,
    )
