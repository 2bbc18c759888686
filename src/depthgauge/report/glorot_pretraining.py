"""Glorot and Bengio, section 3.1 and Fig. 11: sigmoid nets with and without pre-training."""

import altair as alt
import numpy as np
import xarray as xr

from depthgauge.report.axes import LAYER, LOG
from depthgauge.report.cells import Records, hidden, known
from depthgauge.report.chosen_rates import by_model, error_basis, mean_error, tuned
from depthgauge.report.curves import Frame, curves, y_axis
from depthgauge.report.error_panel import error_panels, net_colour
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis
from depthgauge.report.numbers import brief
from depthgauge.report.seeds import BAND_WORDS, band_table
from depthgauge.studies.glorot.pretraining import SATURATED

STUDY = "glorot_pretraining"
HEIGHT = 220

_NAMES = {"sigmoid": "without", "pretrained": "with"}


def pretraining(records: Records) -> Figure:
    """Draw mean activations and test errors of the nets; raises DataError without any."""
    found = by_model(tuned(records, STUDY, dataset="shapeset"))
    nets = known({name: found[model] for model, name in _NAMES.items() if model in found}, STUDY)
    errors = ", ".join(
        f"{brief(mean_error(net))} % {name} pre-training" for name, net in nets.items()
    )
    images = next(iter(nets.values())).attrs["config"]["saturation"]["images"]
    panels = [
        *(_activations(name, net) for name, net in nets.items()),
        *error_panels(
            {"Test error": nets}, STUDY, net_colour(list(_NAMES.values())), (140, HEIGHT)
        ),
    ]
    return Figure(
        study=STUDY,
        title="Sigmoid networks with and without pre-training",
        finding=f"Mean test error of sigmoid networks after the last update: {errors}.",
        caption=(
            "Does the top layer fall below the dashed line, where it counts as"
            f" saturated? Mean activation of each hidden layer on {images} test images during"
            " training with labels. Each network at the learning rate chosen on"
            " the validation images; pre-training makes every hidden layer a denoising auto-encoder"
            f" first, and its steps are not counted here. Line: median over seeds; {BAND_WORDS}."
        ),
        basis=error_basis(nets.values()),
        chart=alt.concat(*panels, columns=3).resolve_scale(color="independent"),
    )


def _activations(name: str, net: xr.Dataset) -> alt.LayerChart:
    table = band_table(hidden(net, "activation_mean"), "step")
    # a logarithmic axis has no 0: the state before the first update stands at 1/2
    table["step"] = np.maximum(table["step"], 0.5)
    decades = alt.Axis(values=[10**power for power in range(8)], format="~s")
    x = alt.X("step:Q", title="updates", scale=LOG, axis=decades)
    y = y_axis("mean activation", alt.Scale(domain=[0, 1]))
    ends = table["step"].agg(["min", "max"]).to_frame().assign(level=SATURATED)
    layers = [
        *curves(table, Frame(x, y, LAYER, Axis(0, 1, HEIGHT)), f"{STUDY}_{name}"),
        alt.Chart(ends).mark_line(style="reference").encode(x=x, y=y("level")),
    ]
    return panel(f"{name.capitalize()} pre-training", layers, width=140, height=HEIGHT)
