"""What extra layers could do: nets with a frozen layer, with tanh, with identity neurons."""

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.seeds import band_table, rounded
from depthgauge.theory import identity_error, literal_identity

STUDY = "nielsen_capacity"
MODELS = {"plain": "all trained", "frozen": "first layer frozen", "tanh": "tanh"}
DEPTHS = (2, 4)


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
    inserted = plain.attrs["config"]["capacity"]["inserted"]
    least, change = _accuracy_change(plain)
    return Figure(
        study=STUDY,
        name=STUDY,
        title="What layers could do: learn, stay random, or do nothing",
        caption=(
            "Accuracy on the validation images over training (line: median over seeds; band:"
            " central 95 % of seeds). Identity neurons: largest error of such neurons of weight w₁"
            " on the activations of the last of 2 trained hidden layers (line: median over seeds),"
            " with ½ − (2/w₁) tanh(w₁/4) dashed; diamond: the best neuron without a"
            f" bias behind its sigmoid. {inserted} layers of w₁ = {least:g} put there change the"
            f" accuracy by {change:.2g} percentage points on average. {basis(nets.values())}"
        ),
        chart=alt.concat(*panels, _identity(plain), columns=3),
    )


def identity_table(net: xr.Dataset) -> pd.DataFrame:
    """Return weight, low, median, high of the sup error over seeds, and `theory`."""
    table = band_table(measured(net, "identity_error"), "identity_weight")
    table = table.rename(columns={"identity_weight": "weight"})
    return table.assign(theory=rounded([identity_error(float(w)) for w in table["weight"]]))


def _accuracy_change(net: xr.Dataset) -> tuple[float, float]:
    """Return the least w_1 and the percentage points that identity layers of it change, mean."""
    before = measured(net, "accuracy_validation").isel(evaluation_step=-1)
    least = net["identity_weight"].argmin("identity_weight")
    after = measured(net, "identity_accuracy").isel(identity_weight=least)
    return float(after["identity_weight"]), 100 * float((after - before).mean("replica"))


def _accuracies(depth: int, nets: dict[str, xr.Dataset]) -> alt.LayerChart:
    tables = [
        band_table(100 * measured(net, "accuracy_validation"), "evaluation_step").assign(
            model=MODELS[model]
        )
        for model, net in nets.items()
    ]
    table = pd.concat(tables).rename(columns={"evaluation_step": "step"})
    shade = alt.Color("model:N", title=None, scale=alt.Scale(domain=list(MODELS.values())))
    base = alt.Chart(table).encode(x=alt.X("step:Q", title="SGD steps done"), color=shade)
    y = alt.Y("median:Q", title="accuracy (%)", scale=alt.Scale(zero=False))
    layers = [
        base.mark_area(style="band").encode(y=alt.Y("low:Q", title="accuracy (%)"), y2="high"),
        base.mark_line(style="median").encode(y=y, tooltip=list(table.columns)),
    ]
    return panel(f"{depth} hidden layers", layers, width=180, height=230)


def _identity(net: xr.Dataset) -> alt.LayerChart:
    table = identity_table(net)
    scale = alt.Scale(type="log", nice=False)
    x = alt.X("weight:Q", title="w₁", scale=scale, axis=alt.Axis(values=[0.1, 0.3, 1, 3]))
    axis = alt.Axis(values=[10.0**power for power in range(-6, 1)], format="~e")

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title="error", scale=scale, axis=axis)

    weight, error = literal_identity()
    literal = pd.DataFrame({"weight": [weight], "error": [error]}).apply(rounded)
    base = alt.Chart(table).encode(x=x)
    shade = alt.ColorDatum(MODELS["plain"], type="nominal")  # the nets that they are put into
    layers = [
        base.mark_line(style="median").encode(y=y("median"), color=shade),
        base.mark_line(style="reference").encode(y=y("theory")),
        alt.Chart(literal).mark_point(style="published").encode(x=x, y=y("error")),
    ]
    return panel("Identity neurons", layers, width=180, height=230)
