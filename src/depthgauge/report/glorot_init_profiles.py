"""Glorot and Bengio, section 4.2: spreads and Jacobians of initial nets, layer by layer."""

from collections.abc import Callable, Mapping, Sequence

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.axes import bare, colour
from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.predicted_variances import predicted_singular_values, predicted_spreads
from depthgauge.report.seeds import band_table, rounded
from depthgauge.studies.glorot.published import INIT_SETS as DATASETS

STUDY = "glorot_init"

MODELS = {
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "tanh_n": "Tanh N",
    "tanh_drawn": "Tanh, as drawn",
    "softsign": "Softsign",
    "softsign_n": "Softsign N",
}
SPREADS = {
    "activation_std": ("activation_step", "std of activations"),
    "delta_std": ("signal_step", "std of δ"),
    "weight_gradient_std": ("signal_step", "std of ∂C/∂w"),
}
PUBLISHED = {"tanh": 0.5, "tanh_n": 0.8}
"""Average singular values, section 4.2.2."""

Predicted = Callable[[xr.Dataset], Mapping[int, float]]


def variances(records: Records) -> Figure:
    """Draw the three spreads of every model; raises DataError without a record."""
    nets = matching(records, STUDY)
    models = _present(nets)
    panels = [
        _panel(
            nets, model, variable, steps, title, lambda net, v=variable: predicted_spreads(net, v)
        )
        for variable, (steps, title) in SPREADS.items()
        for model in models
    ]
    return Figure(
        study=STUDY,
        name="glorot_init_variances",
        title="How far signal and gradient spread just after initialization",
        caption=(
            "Standard deviation over units and 300 images of activations, of δ = ∂C/∂z, and of the"
            " entries of ∂C/∂w (of single images), in each of five hidden layers of 1,000"
            " units."
            f" {_MARKS} Dashed: linear theory (eqs. 5-7) from the first (activations) or the last"
            " hidden layer (δ) on; a sigmoid is outside of it, and so is ∂C/∂w of layer 1, whose"
            f" inputs are the images. {basis(nets)}"
        ),
        chart=alt.concat(*panels, columns=len(models)).resolve_scale(y="independent"),
    )


def jacobians(records: Records) -> Figure:
    """Draw the mean singular values of every model; raises DataError without a record."""
    every = matching(records, STUDY)
    nets = [net for net in every if "jacobian_singular_value" in net] or every
    models = _present(nets)
    images = nets[0].attrs["config"]["jacobians"]["images"]
    variable = "jacobian_singular_value"
    panels = [
        _panel(
            nets, model, variable, "jacobian_step", "mean singular value", predicted_singular_values
        )
        for model in models
    ]
    return Figure(
        study=STUDY,
        name="glorot_init_jacobians",
        title="How much a layer stretches a small change just after initialization",
        caption=(
            "Mean singular value of the Jacobian from one hidden layer to the next (layers 2 to 5)"
            f" at {images} test image{'s' * (images != 1)} of each seed's own. {_MARKS}"
            " Dashed: linear theory, 8/(3π) √(n Var w) f′(0); diamonds: published averages"
            " (0.5 standard, 0.8 normalized)."
            f" {basis(nets)}"
        ),
        chart=alt.concat(*panels, columns=len(models)).resolve_scale(y="shared"),
    )


_MARKS = (
    "N: normalized initialization. Marks: median over seeds; bars: central 95 % of seeds; shape:"
    " data set."
)


def _present(nets: Sequence[xr.Dataset]) -> list[str]:
    found = {net.attrs["axes"]["model"] for net in nets}
    return [model for model in MODELS if model in found]


def _panel(
    nets: Sequence[xr.Dataset],
    model: str,
    variable: str,
    steps: str,
    title: str,
    predicted: Predicted,
) -> alt.LayerChart:
    found = [net for net in nets if net.attrs["axes"]["model"] == model]
    table = pd.concat([_rows(net, variable, steps) for net in found])
    lines = pd.concat([_line(net, predicted(net)) for net in found])
    y = alt.Y("median:Q", title=title, scale=_scale(variable), axis=_AXIS)
    base = alt.Chart(table).encode(x=_X, color=colour(table, labelled=True))
    layers = [
        *([] if lines.empty else [_theory(lines, variable)]),
        base.mark_rule(style="interval")
        .encode(y=y, y2="high")
        .transform_calculate(median="datum.low"),
        base.mark_point(filled=True, size=45, opacity=0.9).encode(
            y=y, shape=_SHAPE, tooltip=["dataset", "layer", "low", "median", "high"]
        ),
    ]
    if variable == "jacobian_singular_value" and model in PUBLISHED:
        mark = pd.DataFrame({"layer": [5.6], "median": [PUBLISHED[model]]})
        layers.append(alt.Chart(mark).mark_point(style="published").encode(x=_X, y=y))
    return panel(MODELS[model], layers, 100, 130)


def _rows(net: xr.Dataset, variable: str, steps: str) -> pd.DataFrame:
    values = measured(net, variable).sel({steps: 0}, drop=True).isel(layer=slice(0, -1))
    return band_table(values, "layer").assign(dataset=net.attrs["axes"]["dataset"])


def _line(net: xr.Dataset, predicted: Mapping[int, float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "layer": list(predicted),
            "median": rounded(list(predicted.values())),
            "dataset": net.attrs["axes"]["dataset"],
        }
    )


def _theory(lines: pd.DataFrame, variable: str) -> alt.Chart:
    y = alt.Y("median:Q", scale=_scale(variable), axis=_AXIS)
    return alt.Chart(lines).mark_line(style="reference").encode(x=_X, y=y, detail="dataset:N")


def _scale(variable: str) -> alt.Scale:
    if variable == "jacobian_singular_value":
        return alt.Scale(nice=False, zero=True)
    return alt.Scale(type="log", nice=False)


_AXIS = alt.Axis(format="~g", tickCount=4)
_X = alt.X("layer:Q", scale=alt.Scale(domain=[0.6, 6]), axis=bare([1, 2, 3, 4, 5], "hidden layer"))
_SHAPE = alt.Shape(
    "dataset:N",
    scale=alt.Scale(domain=list(DATASETS), range=["circle", "square", "triangle-up"]),
    legend=alt.Legend(title="data set"),
)
