"""What helps: gradients and updates layer by layer, with each remedy, at the start and the end."""

from collections.abc import Callable, Mapping

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.report.axes import DECADES
from depthgauge.report.cells import Records, hidden, layers_in_words, measured, missing
from depthgauge.report.chosen_rates import Nets
from depthgauge.report.curves import Frame, end_names, y_axis
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis
from depthgauge.report.numbers import brief, typical
from depthgauge.report.remedied_nets import STUDY, TITLES, nets_by_depth, remedies_basis
from depthgauge.report.seeds import band_table, rounded
from depthgauge.studies.remedies.register import DEEP
from depthgauge.theory import initial_variances, weight_gradient_variances

SLOPES = {"tanh": 1.0, "relu": 1 / 2, "gelu": 1 / 4}
"""Mean f'^2 for small signals, which is also how mean a^2 passes the activation."""

KINDS = {
    "Initial weights": ("normalized", "orthogonal", "lsuv", "pretrained"),
    "Activation": ("relu", "he", "gelu"),
    "Architecture": ("batch_norm", "layer_norm", "residual"),
    "Step size": ("layer_rates", "adahessian", "adagrad", "rmsprop", "adam", "clip"),
}
"""What a remedy changes -> the models drawn in one panel with the plain net."""

WHEN = {"start": "first step", "end": "last step"}
HEIGHT = 150

PREDICTED = ("normalized", "orthogonal", "relu", "he", "gelu")
"""Models that differ from the plain one by init or activation alone: theory knows their ratio."""

GRADIENT = "weight_gradient_norm"


def remedies_gradients(records: Records) -> Figure:
    """Draw |delta| and |dC/dw| of each model; raises DataError without the deep nets."""
    nets = deep_nets(records)
    signals, gradients = (_profiles(nets, name) for name in ("delta_rms", GRADIENT))
    theory = predictions(nets)
    panels = []
    for kind in KINDS:
        when = "end" if kind == "Step size" else "start"  # step sizes leave the first one alone
        known = theory if when == "start" else {}
        panels += [
            *_panels(signals, "size of δ", [(kind, when)], {}, "δ: "),
            *_panels(gradients, "norm of ∂C/∂w", [(kind, when)], known, "∂C/∂w: "),
        ]
    images = next(iter(nets.values())).attrs["config"]["gradients"]["images"]
    return Figure(
        study=STUDY,
        title="What helps: gradients layer by layer",
        finding=_gain(nets),
        caption=(
            "How far above the plain network (grey) does a remedy lift the gradients? δ: root mean"
            " square of ∂C/∂z, which vanishes toward the input. ∂C/∂w: norm of the weight gradient"
            f" averaged over the first {images:,} training images; it is level where activations"
            " shrink as much toward the output. By layer (the last is the output); median over"
            f" seeds, {layers_in_words(DEEP)}. Dashed: the plain network's start times the"
            " ratio that linear theory gives (Glorot and Bengio's equation 7, with the mean squared"
            " slope of the activation), where only initialization or activation differ. Panels of"
            " one column have the same axis."
        ),
        basis=remedies_basis(nets.values()),
        chart=alt.concat(*panels, columns=2).resolve_scale(color="independent"),
    )


def _gain(nets: Nets) -> str:
    """Return which remedy makes the weight gradients of hidden layers largest at the start."""
    sizes = {model: typical(hidden(net, GRADIENT).isel(step=0)) for model, net in nets.items()}
    best = max(sizes, key=lambda model: sizes[model])
    if "plain" not in sizes or best == "plain":
        return f"Gradients of networks of {layers_in_words(DEEP)} at the first and the last step."
    return (
        f"Before training, {TITLES[best]} makes weight gradients"
        f" {brief(sizes[best] / sizes['plain'])} times as large as in the plain network"
        " (geometric mean over hidden layers)."
    )


def remedies_updates(records: Records) -> Figure:
    """Draw |step| / |w| of each model; raises DataError when the deep nets were not run."""
    nets = deep_nets(records)
    tables = _profiles(nets, "update_ratio")
    places = [(kind, when) for kind in KINDS for when in WHEN]
    panels = _panels(tables, "norm of step / norm of w", places, {})
    return Figure(
        study=STUDY,
        title="What helps: the fraction of the weights that a step changes",
        finding=_evenness(tables),
        caption=(
            "A level line means that all layers learn at a similar pace. Norm of the step in w over"
            " the norm of w, by layer (the last is the output), at the chosen learning rate; median"
            f" over seeds, {layers_in_words(DEEP)}; grey: the plain network. All panels have the"
            " same axes."
        ),
        basis=remedies_basis(nets.values()),
        chart=alt.concat(*panels, columns=len(WHEN)).resolve_scale(color="independent"),
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
        raise missing(STUDY, depth=DEEP)
    return depths[DEEP]


def profile(net: xr.Dataset, variable: str) -> pd.DataFrame:
    """Return seed bands at the first and the last record: when, layer, low, median, high.

    Zeros, as of a ReLU net that died, have no place on a log axis and are left out.
    """
    values = measured(net, variable)
    (steps,) = (dim for dim in values.dims if str(dim).endswith("_step"))
    ends = values.isel({steps: [0, -1]}).assign_coords({steps: list(WHEN)})
    bands = band_table(ends.rename({steps: "when"}), "when")
    return bands.query("low > 0")


def _profiles(nets: Nets, variable: str) -> dict[str, pd.DataFrame]:
    return {model: profile(net, variable) for model, net in nets.items()}


def predictions(nets: Nets) -> dict[str, pd.DataFrame]:
    """Return for models of PREDICTED that are there: layer, predicted (|dC/dw| at the start)."""
    if "plain" not in nets:
        return {}
    start = profile(nets["plain"], GRADIENT).query("when == 'start'")
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


def _panels(
    tables: Mapping[str, pd.DataFrame],
    y_title: str,
    places: list[tuple[str, str]],
    predicted: Mapping[str, pd.DataFrame],
    prefix: str = "",
) -> list[alt.LayerChart]:
    """Return a panel for each kind of remedy and step of `places`, all on one y axis."""
    axis = Axis.over(pd.concat(tables.values()), HEIGHT, log=True)
    scale = alt.Scale(type="log", nice=False, domain=rounded([axis.low, axis.high]).tolist())
    y = y_axis(y_title, scale, alt.Axis(values=DECADES, format="~e"))
    panels = []
    for kind, when in places:
        models = [model for model in ("plain", *KINDS[kind]) if model in tables]
        shown = [tables[model].assign(model=TITLES[model]) for model in models]
        table = pd.concat(shown).query("when == @when")
        lines = [
            predicted[model].assign(model=TITLES[model]) for model in models if model in predicted
        ]
        layers = _layers(table, y, axis, pd.concat(lines) if lines else None)
        panels.append(panel(f"{prefix}{kind}, {WHEN[when]}", layers, width=200, height=HEIGHT))
    return panels


def _layers(
    table: pd.DataFrame, y: Callable[[str], alt.Y], axis: Axis, theory: pd.DataFrame | None
) -> list[alt.Chart]:
    """Return the plain net in grey, the remedies in colour, their names, theory dashed."""
    x = alt.X("layer:Q", title="layer", axis=alt.Axis(values=[1, 5, 10, 15, 20], format="d"))
    remedies = [name for name in dict.fromkeys(table["model"]) if name != TITLES["plain"]]
    shade = alt.Color("model:N", scale=alt.Scale(domain=remedies), legend=None)
    is_plain = alt.datum.model == TITLES["plain"]
    base = alt.Chart(table).encode(x=x, y=y("median"), tooltip=["model", "layer", "median"])
    dots, names = end_names(table, Frame(x, y, shade), axis, "median")
    plain = alt.Chart(dots.data).mark_point(style=["published_curve", "key"], xOffset=8)
    plain = plain.encode(x=x, y=y("median"))
    layers = [
        base.transform_filter(is_plain).mark_line(style="published_curve"),
        base.transform_filter(~is_plain).mark_line(style="median").encode(color=shade),
        dots.transform_filter(~is_plain),
        plain.transform_filter(is_plain),
        names,
    ]
    if theory is not None:
        dashed = alt.Chart(theory).mark_line(style="reference", clip=True)
        layers.append(dashed.encode(x=x, y=y("predicted"), color=shade))
    return layers
