"""What extra layers could do: nets with a frozen layer, with tanh, with identity neurons."""

from collections.abc import Mapping

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.axes import LOG, powers
from depthgauge.report.cells import Records, basis, layers_in_words, matching, measured
from depthgauge.report.curves import Frame, curves, y_axis
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis
from depthgauge.report.seeds import BAND_WORDS, band_table, rounded
from depthgauge.theory import identity_error

STUDY = "nielsen_capacity"
MODELS = {"plain": "all trained", "frozen": "first frozen", "tanh": "tanh"}
DEPTHS = (2, 4)
HEIGHT = 230


def capacity(records: Records) -> Figure:
    """Draw accuracies and identity neurons; raises DataError when a cell is missing."""
    nets = {
        depth: {
            model: matching(records, STUDY, model=model, hidden=[30] * depth)[0] for model in MODELS
        }
        for depth in DEPTHS
    }
    plain = nets[DEPTHS[0]]["plain"]
    return Figure(
        study=STUDY,
        title="Deeper networks that copy a shallower one, keep a random layer or use tanh",
        finding=_finding(plain, nets[DEPTHS[-1]]),
        caption=(
            "Accuracy: on the validation images during training, with all layers"
            " trained (sigmoid), with the first one frozen at its random weights, and with tanh"
            f" instead of the sigmoid. Line: median over seeds; {BAND_WORDS}. Error: an identity"
            " neuron returns its input approximately, the better the smaller its weight w₁. Dots:"
            " its largest error on the activations of a trained layer, median over seeds; dashed:"
            " ½ − (2/w₁) tanh(w₁/4)."
        ),
        basis=basis([net for each in nets.values() for net in each.values()]),
        chart=alt.concat(
            *(_accuracies(depth, each) for depth, each in nets.items()), _identity(plain), columns=3
        ),
    )


def _finding(shallow: xr.Dataset, deep: Mapping[str, xr.Dataset]) -> str:
    """Return how a net with identity layers behind it compares with those of that depth."""
    inserted = shallow.attrs["config"]["capacity"]["inserted"]
    trained = len(shallow.attrs["config"]["hidden"])
    ends = {
        model: 100 * float(measured(net, "accuracy_validation").isel(evaluation_step=-1).mean())
        for model, net in deep.items()
    }
    return (
        f"{trained} trained layers with {inserted} identity layers behind them classify"
        f" {_with_identity(shallow):.1f} % correctly, {trained + inserted} trained layers"
        f" {ends['plain']:.1f} %; with the first of these frozen {ends['frozen']:.1f} %, with tanh"
        f" {ends['tanh']:.1f} % (after {deep['plain'].attrs['config']['steps']:,} steps)."
    )


def identity_table(net: xr.Dataset) -> pd.DataFrame:
    """Return weight, low, median, high of the sup error over seeds, and `theory`."""
    table = band_table(measured(net, "identity_error"), "identity_weight")
    table = table.rename(columns={"identity_weight": "weight"})
    return table.assign(theory=rounded([identity_error(float(w)) for w in table["weight"]]))


def _with_identity(net: xr.Dataset) -> float:
    """Return the mean accuracy in percent with identity layers of the least w_1 put behind."""
    least = net["identity_weight"].argmin("identity_weight")
    return 100 * float(measured(net, "identity_accuracy").isel(identity_weight=least).mean())


def _accuracies(depth: int, nets: Mapping[str, xr.Dataset]) -> alt.LayerChart:
    tables = [
        band_table(100 * measured(net, "accuracy_validation"), "evaluation_step").assign(
            model=MODELS[model]
        )
        for model, net in nets.items()
    ]
    table = pd.concat(tables).rename(columns={"evaluation_step": "step"})
    frame = Frame(
        alt.X("step:Q", title="SGD steps done", scale=alt.Scale(nice=False), axis=_STEPS),
        y_axis("accuracy (%)", alt.Scale(domain=[0, 100])),
        alt.Color("model:N", scale=alt.Scale(domain=list(MODELS.values())), legend=None),
        Axis(0, 100, HEIGHT),
    )
    return panel(layers_in_words(depth), curves(table, frame, f"{STUDY}_{depth}"), 150, HEIGHT)


_STEPS = alt.Axis(tickCount=4)


def _identity(net: xr.Dataset) -> alt.LayerChart:
    y = y_axis("largest error", LOG, powers(range(-6, 1)))
    x = alt.X("weight:Q", title="w₁", scale=LOG, axis=alt.Axis(values=[0.1, 0.3, 1, 3]))
    table = identity_table(net)
    base = alt.Chart(table).encode(x=x, tooltip=list(table.columns))
    layers = [
        base.mark_line(style="reference").encode(y=y("theory")),
        base.mark_point(style="measured").encode(y=y("median")),
    ]
    return panel("Error of an identity neuron", layers, width=150, height=HEIGHT)
