"""What extra layers could do: nets with a frozen layer, with tanh, with identity neurons."""

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.cells import Records, basis, layers_in_words, matching, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis, end_labels, label_layer
from depthgauge.report.seeds import BAND_WORDS, band_table, rounded
from depthgauge.theory import identity_error

STUDY = "nielsen_capacity"
MODELS = {"plain": "all trained", "frozen": "first frozen", "tanh": "tanh"}
DEPTHS = (2, 4)
HEIGHT = 230


def capacity(records: Records) -> Figure:
    """Draw accuracies and identity neurons; raises DataError when a cell is missing."""
    nets = {
        (model, depth): matching(records, STUDY, model=model, hidden=[30] * depth)[0]
        for depth in DEPTHS
        for model in MODELS
    }
    panels = [
        _accuracies(depth, {model: nets[model, depth] for model in MODELS}) for depth in DEPTHS
    ]
    plain = nets["plain", DEPTHS[0]]
    return Figure(
        study=STUDY,
        name=STUDY,
        title="Deeper networks that copy a shallower one, keep a random layer or use tanh",
        finding=_finding(plain, nets["plain", DEPTHS[-1]]),
        caption=(
            "Accuracy: on the validation images during training, with all layers"
            " trained (sigmoid), with the first one frozen as it was drawn, and with tanh instead"
            f" of the sigmoid. Line: median over seeds; {BAND_WORDS}. Error: an identity neuron"
            " returns its input approximately, the better the smaller its weight w₁. Line: its"
            " largest error on the activations of a trained layer, median over seeds; dashed: ½ −"
            " (2/w₁) tanh(w₁/4)."
        ),
        basis=basis(nets.values()),
        chart=alt.concat(*panels, _identity(plain), columns=3),
    )


def _finding(shallow: xr.Dataset, deep: xr.Dataset) -> str:
    """Return how a net with identity layers behind it compares with one trained at that depth."""
    inserted = shallow.attrs["config"]["capacity"]["inserted"]
    trained = len(shallow.attrs["config"]["hidden"])
    accuracy = measured(deep, "accuracy_validation").isel(evaluation_step=-1)
    return (
        f"{trained} trained layers with {inserted} identity layers behind them classify"
        f" {_with_identity(shallow):.1f} % correctly; {trained + inserted} trained layers"
        f" {100 * float(accuracy.mean()):.1f} % after {deep.attrs['config']['steps']:,} steps."
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


def _accuracies(depth: int, nets: dict[str, xr.Dataset]) -> alt.LayerChart:
    tables = [
        band_table(100 * measured(net, "accuracy_validation"), "evaluation_step").assign(
            model=MODELS[model]
        )
        for model, net in nets.items()
    ]
    table = pd.concat(tables).rename(columns={"evaluation_step": "step"})
    names = list(MODELS.values())
    shade = alt.Color("model:N", scale=alt.Scale(domain=names), legend=None)
    base = alt.Chart(table).encode(x=alt.X("step:Q", title="SGD steps done"), color=shade)
    scale = alt.Scale(domain=[0, 100])
    low, y = (alt.Y(f"{field}:Q", title="accuracy (%)", scale=scale) for field in ("low", "median"))
    ends = end_labels(table, "step", "median", "model", Axis(0, 100, HEIGHT))
    layers = [
        base.mark_area(style="band").encode(y=low, y2="high"),
        base.mark_line(style="median").encode(y=y, tooltip=list(table.columns)),
        label_layer(ends, alt.X("step:Q"), y, "model"),
    ]
    return panel(layers_in_words(depth).capitalize(), layers, width=150, height=HEIGHT)


def _identity(net: xr.Dataset) -> alt.LayerChart:
    table = identity_table(net)
    scale = alt.Scale(type="log", nice=False)
    x = alt.X("weight:Q", title="w₁", scale=scale, axis=alt.Axis(values=[0.1, 0.3, 1, 3]))
    axis = alt.Axis(values=[10.0**power for power in range(-6, 1)], format="~e")

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title="largest error", scale=scale, axis=axis)

    base = alt.Chart(table).encode(x=x)
    layers = [
        base.mark_line(style="median").encode(y=y("median")),
        base.mark_line(style="reference").encode(y=y("theory")),
    ]
    return panel("Error of an identity neuron", layers, width=150, height=HEIGHT)
