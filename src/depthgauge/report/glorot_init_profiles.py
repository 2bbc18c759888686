"""Glorot and Bengio, section 4.2: spreads and Jacobians of initial nets, layer by layer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.report.axes import bare, thirds
from depthgauge.report.cells import Records, basis, hidden, known, matching, measured
from depthgauge.report.curves import y_axis
from depthgauge.report.figure import Figure, panel
from depthgauge.report.models import SHOWN
from depthgauge.report.numbers import span
from depthgauge.report.predicted_variances import predicted_singular_values, predicted_spreads
from depthgauge.report.seeds import band_table, rounded
from depthgauge.studies.glorot.register import INITS

STUDY = "glorot_init"

ROWS = SHOWN | {"tanh_drawn": "Tanh, init as drawn"}
"""Model -> its name; the last one has the weights that the paper's own figures fit."""

SPREADS = {
    "activation_std": "activations",
    "delta_std": "δ = ∂C/∂z",
    "weight_gradient_std": "∂C/∂w",
}
SINGULAR = "jacobian_singular_value"
PUBLISHED = {"tanh": 0.5, "tanh_n": 0.8}
"""Average singular values, section 4.2.2."""

SETS = {"shapeset": "Shapeset", "mnist": "MNIST", "imagenet_sample": "Photographs"}
"""Data set -> its name in figures; Figs. 6-8 of the paper are of Shapeset."""

_MARKS = (
    "Line with points: median over seeds; bars: central 95 % of seeds. Init as drawn: the weights"
    " that the paper's Figs. 6, 7 and 10 fit."
)


def variances(records: Records) -> Figure:
    """Draw the three spreads of every model; raises DataError without a record."""
    nets = matching(records, STUDY)
    tables = {
        (dataset, variable): _table(each, variable, partial(predicted_spreads, variable=variable))
        for dataset, each in _by_set(nets).items()
        for variable in SPREADS
    }
    panels = []
    for (dataset, variable), table in tables.items():
        column = [each for (_, other), each in tables.items() if other == variable]
        ends = _ends(column)
        scale = alt.Scale(type="log", nice=False, domain=ends, padding=6)
        y = y_axis("standard deviation", scale, thirds(ends[0]))
        panels.append(_panel(f"{SETS[dataset]}: {SPREADS[variable]}", table, y))
    return Figure(
        study=STUDY,
        title="How far signals and gradients spread just after initialization",
        finding=_fall(nets),
        caption=(
            "Level lines keep the size of the signal, steep ones lose it. Standard deviation over"
            " units and 300 images of activations, of δ = ∂C/∂z and of the entries of ∂C/∂w (of"
            f" single images), in each of five hidden layers of 1,000 units. {_MARKS} Dashed:"
            " linear theory (eqs. 5-7) from the first (activations) or the last hidden layer (δ)"
            " on; it does not cover the sigmoid, nor ∂C/∂w of layer 1, whose inputs are the images."
            " Panels of one column have the same axis."
        ),
        basis=basis(nets),
        chart=alt.concat(*panels, columns=len(SPREADS)),
    )


def jacobians(records: Records) -> Figure:
    """Draw the mean singular values of every model; raises DataError without a record."""
    nets = [net for net in matching(records, STUDY) if SINGULAR in net]
    if not nets:  # says so, and by which command the variable is recorded
        measured(matching(records, STUDY)[0], SINGULAR)
    nets = known([net for net in nets if len(net.attrs["config"]["hidden"]) > 1], STUDY)
    images = nets[0].attrs["config"]["jacobians"]["images"]
    y = y_axis("mean singular value", alt.Scale(domain=[0, 1], nice=False), alt.Axis(tickCount=5))
    panels = [
        _panel(SETS[dataset], _table(each, SINGULAR, predicted_singular_values), y, _published(y))
        for dataset, each in _by_set(nets).items()
    ]
    return Figure(
        study=STUDY,
        title="How much a layer stretches a small change just after initialization",
        finding=_singular_values(nets),
        caption=(
            "At a value of 1 a small change would keep its size. Mean singular value of the"
            f" Jacobian from one hidden layer to the next at {images} test"
            f" image{'s' * (images != 1)}, other ones for each seed. {_MARKS} Dashed: linear"
            " theory, 8/(3π) √(n Var w) f′(0); grey: the published averages for tanh, 0.5"
            " (standard) and 0.8 (normalized)."
        ),
        basis=basis(nets),
        chart=alt.concat(*panels, columns=3),
    )


def _fall(nets: Sequence[xr.Dataset]) -> str:
    """Return by what factor delta falls from the last hidden layer to the first, over data sets."""
    parts = []
    for init, found in _by_init(nets).items():
        spreads = [hidden(net, "delta_std").sel(step=0).mean("replica") for net in found]
        falls = [float(layers[-1] / layers[0]) for layers in spreads]
        parts.append(f"{span(falls)} with the {init} initialization")
    return (
        f"From layer 5 back to layer 1 of tanh units, δ shrinks by a factor of {', '.join(parts)}."
    )


def _singular_values(nets: Sequence[xr.Dataset]) -> str:
    parts = []
    for (init, found), published in zip(_by_init(nets).items(), PUBLISHED.values(), strict=True):
        means = [float(measured(net, SINGULAR).sel(jacobian_step=0).mean()) for net in found]
        parts.append(f"{span(means)} with the {init} initialization (published: {published})")
    return f"The mean singular value between tanh layers is {' and '.join(parts)}."


def _by_init(nets: Iterable[xr.Dataset]) -> dict[str, list[xr.Dataset]]:
    """Return initialization -> the tanh nets that have it."""
    return {
        init: known([net for net in nets if net.attrs["axes"]["model"] == model], STUDY)
        for model, init in INITS.items()
    }


def _by_set(nets: Iterable[xr.Dataset]) -> dict[str, dict[str, xr.Dataset]]:
    """Return data set -> model -> its net, in the order of the names."""
    found = {(net.attrs["axes"]["dataset"], net.attrs["axes"]["model"]): net for net in nets}
    sets = {
        dataset: {model: found[dataset, model] for model in ROWS if (dataset, model) in found}
        for dataset in SETS
    }
    return {dataset: each for dataset, each in sets.items() if each}


def _table(
    nets: Mapping[str, xr.Dataset],
    variable: str,
    predicted: Callable[[xr.Dataset], Mapping[int, float]],
) -> pd.DataFrame:
    """Return layer, low, median, high, model and `theory` (NaN where there is none)."""
    parts = []
    for model, net in nets.items():
        rows = band_table(hidden(net, variable).sel(step=0, drop=True), "layer")
        known = predicted(net)
        theory = rounded([known.get(layer, np.nan) for layer in rows["layer"]])
        parts.append(rows.assign(theory=theory, model=ROWS[model]))
    return pd.concat(parts)


def _ends(tables: Sequence[pd.DataFrame]) -> list[float]:
    values = pd.concat(tables)[["low", "high", "theory"]].to_numpy()
    return rounded([np.nanmin(values), np.nanmax(values)]).tolist()


def _published(y: Callable[[str], alt.Y]) -> list[alt.Chart]:
    """Return the published averages as grey levels, named beside their ends."""
    table = pd.DataFrame({"median": list(PUBLISHED.values())})
    table["label"] = [f"published {each}" for each in PUBLISHED.values()]
    base = alt.Chart(table).encode(y=y("median"))
    words = base.mark_text(style="line_label", dx=6).encode(x=alt.value("width"), text="label:N")
    return [base.mark_rule(style="published_curve"), words]


def _panel(
    title: str, table: pd.DataFrame, y: Callable[[str], alt.Y], behind: Sequence[alt.Chart] = ()
) -> alt.LayerChart:
    base = alt.Chart(table).encode(x=_x(table), color=_key(table))
    shown = ["model", "layer", "low", "median", "high"]
    theory = base.transform_filter("isValid(datum.theory)").mark_line(strokeWidth=1.5)
    layers = [
        *behind,
        theory.encode(y=y("theory"), strokeDash=_DASHED),
        base.mark_rule(style="interval").encode(y=y("low"), y2="high"),
        base.mark_line(style="median").encode(y=y("median")),
        base.mark_point(style="measured").encode(y=y("median"), tooltip=shown),
    ]
    return panel(title, layers, 150, 170)


_DASHED = alt.value([5, 3])
"""As the style "reference"; but dashes of a mark's style would also be round a legend's symbols."""


def _key(table: pd.DataFrame) -> alt.Color:
    """Return the colour of a model, with a legend of those in `table`."""
    legend = alt.Legend(title=None, values=list(dict.fromkeys(table["model"])))
    return alt.Color("model:N", scale=alt.Scale(domain=list(ROWS.values())), legend=legend)


def _x(table: pd.DataFrame) -> alt.X:
    layers = sorted(set(table["layer"].astype(int)))
    scale = alt.Scale(domain=[layers[0] - 0.2, 5.2])
    return alt.X("layer:Q", scale=scale, axis=bare(layers, "hidden layer"))
