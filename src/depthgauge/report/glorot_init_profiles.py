"""Glorot and Bengio, section 4.2: spreads and Jacobians of initial nets, layer by layer."""

from collections.abc import Callable, Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.report.axes import bare
from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.models import SHOWN
from depthgauge.report.predicted_variances import predicted_singular_values, predicted_spreads
from depthgauge.report.seeds import band_table, rounded
from depthgauge.studies.glorot.published import INITS

STUDY = "glorot_init"

ROWS = SHOWN | {"tanh_drawn": "Tanh, init as drawn"}
"""Model -> its name; the last one has the weights that the paper's own figures fit."""

Predicted = Callable[[xr.Dataset], Mapping[int, float]]

SPREADS = {
    "activation_std": ("activation_step", "activations"),
    "delta_std": ("signal_step", "δ = ∂C/∂z"),
    "weight_gradient_std": ("signal_step", "∂C/∂w"),
}
PUBLISHED = {"tanh": 0.5, "tanh_n": 0.8}
"""Average singular values, section 4.2.2."""

SETS = {"shapeset": "Shapeset", "mnist": "MNIST", "imagenet_sample": "photographs"}
"""Data set -> its name in figures; Figs. 6-8 of the paper are of Shapeset."""


def variances(records: Records) -> Figure:
    """Draw the three spreads of every model; raises DataError without a record."""
    nets = matching(records, STUDY)
    tables = {
        (dataset, variable): _table(_on(nets, dataset), variable, steps, _spreads(variable))
        for dataset in _sets(nets)
        for variable, (steps, _) in SPREADS.items()
    }
    ends = {
        variable: _ends([table for (_, each), table in tables.items() if each == variable])
        for variable in SPREADS
    }
    panels = [
        _panel(
            f"{SETS[dataset]}: {SPREADS[variable][1]}",
            table,
            alt.Scale(type="log", nice=False, domain=ends[variable]),
            "standard deviation",
        )
        for (dataset, variable), table in tables.items()
    ]
    return Figure(
        study=STUDY,
        name="glorot_init_variances",
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


def _spreads(variable: str) -> Predicted:
    return lambda net: predicted_spreads(net, variable)


def _fall(nets: Sequence[xr.Dataset]) -> str:
    """Return by what factor delta falls from the last hidden layer to the first, over data sets."""
    spans = []
    for model, init in INITS.items():
        found = [net for net in nets if net.attrs["axes"]["model"] == model]
        falls = [_change(net, "delta_std", "signal_step") for net in found]
        spans.append(f"{_span(falls)} with the {init} initialization")
    return (
        f"From layer 5 back to layer 1 of tanh units, δ shrinks by a factor of {', '.join(spans)}."
    )


def _change(net: xr.Dataset, variable: str, steps: str) -> float:
    hidden = measured(net, variable).sel({steps: 0}).isel(layer=slice(0, -1)).mean("replica")
    return float(hidden[-1] / hidden[0])


def _span(values: Sequence[float]) -> str:
    """Return "2.5 to 3.1", or one number where both are the same."""
    ends = [f"{end:.3g}" for end in (min(values), max(values))]
    return " to ".join(dict.fromkeys(ends))


def jacobians(records: Records) -> Figure:
    """Draw the mean singular values of every model; raises DataError without a record."""
    nets = [net for net in matching(records, STUDY) if SINGULAR in net]
    if not nets:  # says so, and by which command the variable is recorded
        measured(matching(records, STUDY)[0], SINGULAR)
    images = nets[0].attrs["config"]["jacobians"]["images"]
    panels = [
        _panel(
            SETS[dataset],
            _table(_on(nets, dataset), SINGULAR, "jacobian_step", predicted_singular_values),
            alt.Scale(domain=[0, 1], nice=False),
            "mean singular value",
            [_published()],
        )
        for dataset in _sets(nets)
    ]
    return Figure(
        study=STUDY,
        name="glorot_init_jacobians",
        title="How much a layer stretches a small change just after initialization",
        finding=_singular_values(nets),
        caption=(
            "A value of 1 would hand a small change on as it is. Mean singular value of the"
            f" Jacobian from one hidden layer to the next at {images} test"
            f" image{'s' * (images != 1)} of each seed's own. {_MARKS} Dashed: linear theory,"
            " 8/(3π) √(n Var w) f′(0); grey: the published averages for tanh, 0.5 (standard) and"
            " 0.8 (normalized)."
        ),
        basis=basis(nets),
        chart=alt.concat(*panels, columns=3),
    )


SINGULAR = "jacobian_singular_value"


def _singular_values(nets: Sequence[xr.Dataset]) -> str:
    parts = []
    for model, init in INITS.items():
        found = [net for net in nets if net.attrs["axes"]["model"] == model]
        means = [float(measured(net, SINGULAR).sel(jacobian_step=0).mean()) for net in found]
        parts.append(
            f"{_span(means)} with the {init} initialization (published: {PUBLISHED[model]})"
        )
    return f"The mean singular value between tanh layers is {' and '.join(parts)}."


def _published() -> alt.Chart:
    levels = pd.DataFrame({"median": list(PUBLISHED.values())})
    return alt.Chart(levels).mark_rule(style="published_curve").encode(y="median:Q")


_MARKS = "Line with points: median over seeds; bars: central 95 % of seeds."


def _sets(nets: Sequence[xr.Dataset]) -> list[str]:
    there = {net.attrs["axes"]["dataset"] for net in nets}
    return [dataset for dataset in SETS if dataset in there]


def _on(nets: Sequence[xr.Dataset], dataset: str) -> list[xr.Dataset]:
    """Return the nets on a data set, in the order of the models."""
    found = {
        net.attrs["axes"]["model"]: net for net in nets if net.attrs["axes"]["dataset"] == dataset
    }
    return [found[model] for model in ROWS if model in found]


def _table(
    nets: Sequence[xr.Dataset], variable: str, steps: str, predicted: Predicted
) -> pd.DataFrame:
    """Return layer, low, median, high, model and `theory` (NaN where there is none)."""
    parts = []
    for net in nets:
        known = predicted(net)
        rows = _rows(net, variable, steps)
        theory = rounded([known.get(layer, np.nan) for layer in rows["layer"]])
        parts.append(rows.assign(theory=theory, model=ROWS[net.attrs["axes"]["model"]]))
    return pd.concat(parts)


def _ends(tables: Sequence[pd.DataFrame]) -> list[float]:
    values = pd.concat(tables)[["low", "high", "theory"]].to_numpy()
    return rounded([np.nanmin(values), np.nanmax(values)]).tolist()


def _panel(
    title: str,
    table: pd.DataFrame,
    scale: alt.Scale,
    y_title: str,
    behind: list[alt.Chart] | None = None,
) -> alt.LayerChart:
    axis = _LOG_AXIS if scale.type == "log" else alt.Axis(tickCount=5)
    low, median, theory = (
        alt.Y(f"{field}:Q", title=y_title, scale=scale, axis=axis)
        for field in ("low", "median", "theory")
    )
    base = alt.Chart(table).encode(x=_X, color=_model_key())
    told = ["model", "layer", "low", "median", "high"]
    layers = [
        *(behind or []),
        base.transform_filter("isValid(datum.theory)")
        .mark_line(style="reference")
        .encode(y=theory),
        base.mark_rule(style="interval").encode(y=low, y2="high"),
        base.mark_line(style="median", point=True).encode(y=median, tooltip=told),
    ]
    return panel(title, layers, 150, 170)


def _model_key() -> alt.Color:
    return alt.Color(
        "model:N",
        scale=alt.Scale(domain=list(ROWS.values())),
        legend=alt.Legend(title=None, symbolType="stroke", symbolDash=[1, 0]),
    )


def _rows(net: xr.Dataset, variable: str, steps: str) -> pd.DataFrame:
    values = measured(net, variable).sel({steps: 0}, drop=True).isel(layer=slice(0, -1))
    return band_table(values, "layer")


_LOG_AXIS = alt.Axis(
    values=[c * 10.0**power for power in range(-8, 2) for c in (1, 3)],
    labelExpr="format(datum.value, datum.value < 0.001 ? '~e' : '~g')",
)
_X = alt.X(
    "layer:Q", scale=alt.Scale(domain=[0.8, 5.2]), axis=bare([1, 2, 3, 4, 5], "hidden layer")
)
