"""What helps: gradients and updates layer by layer, with each remedy, at the start and the end."""

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.errors import DataError
from depthgauge.report.cells import Records, layers_in_words, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis, end_labels, label_layer
from depthgauge.report.numbers import brief
from depthgauge.report.remedied_nets import STUDY, TITLES, Nets, nets_by_depth, remedies_basis
from depthgauge.report.seeds import BAND, rounded
from depthgauge.studies.remedies.register import DEEP
from depthgauge.theory import initial_variances, weight_gradient_variances

SLOPES = {"tanh": 1.0, "relu": 1 / 2, "gelu": 1 / 4}
"""Mean f'^2 for small signals, which is also how mean a^2 passes the activation."""

_DECADES = [10.0**power for power in range(-12, 7)]

KINDS = {
    "Initial weights": ("normalized", "orthogonal", "lsuv", "pretrained"),
    "Activation": ("relu", "he", "gelu"),
    "Normalization, residual": ("batch_norm", "layer_norm", "residual"),
    "Step size": ("layer_rates", "adahessian", "adagrad", "rmsprop", "adam", "clip"),
}
"""What a remedy changes -> the models that are drawn in one panel, beside the plain net."""

WHEN = {"start": "first step", "end": "last step"}
HEIGHT = 150

PREDICTED = ("normalized", "orthogonal", "relu", "he", "gelu")
"""Models that differ from the plain one by init or activation alone: theory knows their ratio."""


def remedies_gradients(records: Records) -> Figure:
    """Draw |dC/dw| of each model; raises DataError when the deep nets were not run."""
    nets = deep_nets(records)
    tables = _profiles(nets, "weight_gradient_norm", "gradient_step")
    images = next(iter(nets.values())).attrs["config"]["gradients"]["images"]
    return Figure(
        study=STUDY,
        name="remedies_gradients",
        title="What helps: weight gradients layer by layer",
        finding=_gain(tables),
        caption=(
            "How far above the plain network (grey) does a remedy lift the gradients? Norm of"
            f" ∂C/∂w, averaged over the first {images:,} training images, by layer (the last is the"
            f" output); median over seeds, {layers_in_words(DEEP)}. Dashed: the plain network's"
            " start times the ratio that linear theory gives (Glorot and Bengio's equation 7, with"
            " the mean squared slope of the activation), where only initialization or activation"
            " differ. All panels have the same axes."
        ),
        basis=remedies_basis(list(nets.values())),
        chart=_chart(tables, predictions(nets), "norm of ∂C/∂w"),
    )


def _gain(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return which remedy lifts the smallest gradient of the plain net the most at the start."""
    typical = {
        model: float(np.exp(np.log(table.query("when == 'start'")["median"]).mean()))
        for model, table in tables.items()
    }
    best = max(typical, key=lambda model: typical[model])
    if "plain" not in typical or best == "plain":
        return f"Gradients of networks of {layers_in_words(DEEP)} at the first and the last step."
    return (
        f"Before training, {TITLES[best]} makes weight gradients"
        f" {brief(typical[best] / typical['plain'])} times as large as in the plain network"
        " (geometric mean over layers)."
    )


def remedies_updates(records: Records) -> Figure:
    """Draw |step| / |w| of each model; raises DataError when the deep nets were not run."""
    nets = deep_nets(records)
    tables = _profiles(nets, "update_ratio", "update_step")
    return Figure(
        study=STUDY,
        name="remedies_updates",
        title="What helps: the fraction of the weights that a step changes",
        finding=_evenness(tables),
        caption=(
            "A level line means that all layers learn at a similar pace. Norm of the step in w over"
            " the norm of w, by layer (the last is the output), at the chosen learning rate; median"
            f" over seeds, {layers_in_words(DEEP)}; grey: the plain network. All panels have the"
            " same axes."
        ),
        basis=remedies_basis(list(nets.values())),
        chart=_chart(tables, {}, "norm of step / norm of w"),
    )


def _evenness(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return by what factor hidden layers of equal width differ at the end, plain and Adam."""
    parts = []
    for model in ("plain", "adam"):
        if model in tables:
            table = tables[model].query("when == 'end' and 1 < layer <= @DEEP")["median"].to_numpy()
            parts.append(
                f"a factor of {brief(float(table.max() / table.min()), 2)} ({TITLES[model]})"
            )
    return f"At the last step relative steps differ over hidden layers by {' and '.join(parts)}."


def deep_nets(records: Records) -> Nets:
    """Return the nets of DEEP hidden layers; raises DataError without any."""
    depths = nets_by_depth(records)
    if DEEP not in depths:
        raise DataError(
            f"study {STUDY} has no usable record of {DEEP} hidden layers; run `depthgauge train"
            f" study={STUDY}` or `dvc repro`"
        )
    return depths[DEEP]


def profile(net: xr.Dataset, variable: str, axis: str) -> pd.DataFrame:
    """Return seed bands at the first and the last record: when, layer, low, median, high.

    Zeros, as of a ReLU net that died, have no place on a log axis and are left out.
    """
    ends = measured(net, variable).astype(float).isel({axis: [0, -1]})
    ends = ends.assign_coords({axis: ["start", "end"]}).rename({axis: "when"})
    bands = ends.quantile(list(BAND.values()), "replica", skipna=False)
    rows = bands.transpose("when", "layer", "quantile").to_series().unstack("quantile")
    rows.columns = list(BAND)
    return rows[rows["low"] > 0].apply(rounded).reset_index()


def predictions(nets: Nets) -> dict[str, pd.DataFrame]:
    """Return for models of PREDICTED that are there: layer, predicted (|dC/dw| at the start)."""
    if "plain" not in nets:
        return {}
    start = profile(nets["plain"], "weight_gradient_norm", "gradient_step").query("when == 'start'")
    known = _linear_levels(nets["plain"])
    found = {}
    for model in PREDICTED:
        if model in nets:
            ratio = np.sqrt(_linear_levels(nets[model]) / known)[start["layer"].to_numpy() - 1]
            values = rounded(start["median"].to_numpy() * ratio)
            found[model] = pd.DataFrame({"layer": start["layer"], "predicted": values})
    return found


def _linear_levels(net: xr.Dataset) -> np.ndarray:
    """Var dC/dw^l, l = 1..L, up to a factor that all nets share."""
    config = net.attrs["config"]
    widths = [784, *config["hidden"], 10]  # MNIST's pixels and digits
    variances, _ = initial_variances(config["init"], widths)
    passed = SLOPES[config["activation"]] ** len(config["hidden"])
    return passed * weight_gradient_variances(widths, variances, 1.0, 1.0)


def _profiles(nets: Nets, variable: str, axis: str) -> dict[str, pd.DataFrame]:
    return {model: profile(net, variable, axis) for model, net in nets.items()}


def _chart(
    tables: Mapping[str, pd.DataFrame], predicted: Mapping[str, pd.DataFrame], title: str
) -> alt.ConcatChart:
    everything = pd.concat(tables.values())
    axis = Axis.over(everything, HEIGHT, log=True)
    panels = [
        _panel(f"{kind}, {words}", _of_kind(tables, models, when), predicted, (title, axis))
        for kind, models in KINDS.items()
        if any(model in tables for model in models)
        for when, words in WHEN.items()
    ]
    return alt.concat(*panels, columns=len(WHEN)).resolve_scale(color="independent")


def _of_kind(
    tables: Mapping[str, pd.DataFrame], models: Sequence[str], when: str
) -> dict[str, pd.DataFrame]:
    """Return the plain net and `models`, those that are there, at the first or the last step."""
    wanted = [model for model in ("plain", *models) if model in tables]
    return {model: tables[model].query(f"when == '{when}'") for model in wanted}


def _panel(
    title: str,
    tables: Mapping[str, pd.DataFrame],
    predicted: Mapping[str, pd.DataFrame],
    y_axis: tuple[str, Axis],
) -> alt.LayerChart:
    y_title, axis = y_axis
    table = pd.concat([each.assign(model=TITLES[model]) for model, each in tables.items()])
    x = alt.X("layer:Q", title="layer", axis=alt.Axis(values=[1, 5, 10, 15, 20], format="d"))
    y = _y("median", y_title, axis)
    plain = TITLES["plain"]
    remedies = [name for name in dict.fromkeys(table["model"]) if name != plain]
    shade = alt.Color("model:N", scale=alt.Scale(domain=remedies), legend=None)
    base = alt.Chart(table).encode(x=x, y=y, tooltip=["model", "layer", "median"])
    layers = [
        base.transform_filter(alt.datum.model == plain).mark_line(style="published_curve"),
        base.transform_filter(alt.datum.model != plain)
        .mark_line(style="median")
        .encode(color=shade),
        label_layer(end_labels(table, "layer", "median", "model", axis), x, y, "model"),
    ]
    if title.endswith(WHEN["start"]):
        layers += [
            alt.Chart(predicted[model].assign(model=TITLES[model]))
            .mark_line(style="reference", clip=True)
            .encode(x=x, y=_y("predicted", y_title, axis), color=shade)
            for model in tables
            if model in predicted
        ]
    return panel(title, layers, width=200, height=HEIGHT)


def _y(field: str, title: str, axis: Axis) -> alt.Y:
    scale = alt.Scale(type="log", nice=False, domain=rounded([axis.low, axis.high]).tolist())
    return alt.Y(
        f"{field}:Q", scale=scale, title=title, axis=alt.Axis(values=_DECADES, format="~e")
    )
