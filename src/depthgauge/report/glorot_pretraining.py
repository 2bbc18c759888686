"""Glorot and Bengio, section 3.1 and Fig. 11: sigmoid nets with and without pre-training."""

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.report.axes import colour
from depthgauge.report.cells import Records, measured
from depthgauge.report.chosen_rates import Nets, curve_table, error_basis, nets_by_set
from depthgauge.report.error_layers import error_layers
from depthgauge.report.figure import Figure, panel
from depthgauge.report.seeds import band_table
from depthgauge.studies.glorot.pretraining import SATURATED

STUDY = "glorot_pretraining"
DATASET = "shapeset"

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
        title="Sigmoid nets with and without pre-training",
        caption=(
            f"Mean activation of each hidden layer on {images} test images during training with"
            f" labels (dashed: {SATURATED:g}, below which a layer counts as saturated), and test"
            " error, each net at the learning rate chosen on the validation images. Pre-training"
            " makes every hidden layer a denoising auto-encoder first; its steps are not counted"
            " here. Line: median over seeds; band: central 95 % of seeds."
            f" {error_basis(found)}"
        ),
        chart=alt.concat(*layers, _errors(nets), columns=3).resolve_scale(color="independent"),
    )


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
    base = alt.Chart(table).encode(x=x, color=colour(table))
    ends = {"step": [0.5, float(means["activation_step"][-1])], "level": [SATURATED] * 2}
    layers = [
        base.mark_area(style="band").encode(y=low, y2="high"),
        base.mark_line(style="median").encode(
            y=median, tooltip=["layer", "step", "low", "median", "high"]
        ),
        alt.Chart(pd.DataFrame(ends)).mark_line(style="reference").encode(x=x, y=level),
    ]
    return panel(f"{_NAMES[model].capitalize()} pre-training", layers, width=200, height=240)


def _errors(nets: Nets) -> alt.LayerChart:
    tables = [curve_table(net).assign(net=_NAMES[model]) for model, net in nets.items()]
    names = list(_NAMES.values())
    shade = alt.Color(
        "net:N", scale=alt.Scale(domain=names), legend=alt.Legend(title="pre-training")
    )
    base = alt.Chart(pd.concat(tables, ignore_index=True)).encode(
        x=alt.X("updates:Q", title="updates"), color=shade
    )
    return panel("Test error", error_layers(base, "net", "updates"), width=200, height=240)
