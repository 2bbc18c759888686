"""Figures of any study, including the user's own: what its records hold, cell by cell.

Published studies have their own figures; these are for MLflow's page of a sweep.
"""

from collections.abc import Callable, Iterable, Sequence

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.report.axes import LOG
from depthgauge.report.cells import basis, hidden
from depthgauge.report.curves import Frame, curves, y_axis
from depthgauge.report.figure import Figure, panel
from depthgauge.report.seeds import band_table, usable

GRADIENTS = {
    "delta_rms": "learning signal |δ| (cost per unit of pre-activation)",
    "bias_gradient_norm": "gradient |∂C/∂b| (cost per unit of bias)",
}
"""The first that the study measures, with the title of its axis."""

ACCURACIES = ("accuracy_test", "accuracy_validation", "accuracy_train")

MOST_CELLS = 12
"""Of one figure: more lines and panels are indistinguishable."""


def study_figures(records: Sequence[xr.Dataset]) -> dict[str, Figure]:
    """Return by_layer, over_training and accuracy: those that the records allow.

    Of grids with more than MOST_CELLS cells the first ones are drawn, as the captions say.
    """
    nets = [net for net in _one_rate_each(records) if net.sizes["replica"]]
    drawn: dict[str, Figure] = {}
    deep = [
        net for net in nets if _measured(net, GRADIENTS) and len(net.attrs["config"]["hidden"]) > 1
    ]
    if deep:
        drawn["by_layer"] = _by_layer(deep)
    if deep := [net for net in deep if net.sizes["gradient_step"] > 1]:
        drawn["over_training"] = _over_training(deep)
    tested = [net for net in nets if _measured(net, ACCURACIES)]
    if tested := [net for net in tested if net.sizes["evaluation_step"] > 1]:
        drawn["accuracy"] = _accuracy(tested)
    return drawn


def _by_layer(nets: Sequence[xr.Dataset]) -> Figure:
    """The gradient at the first and the last reading, a line for each cell."""
    shown = nets[:MOST_CELLS]
    x = alt.X("layer:Q", title="hidden layer", axis=alt.Axis(tickMinStep=1, format="d"))
    frame = Frame(x, _gradient_y(nets), _cell_colour(shown))
    panels = []
    for title, reading in (("first reading", 0), ("last reading", -1)):
        table = _by_cell(shown, lambda net, at=reading: _gradient(net).isel(step=[at]))
        panels.append(panel(title, curves(table, frame, title), 340, 260))
    chart = alt.concat(*panels, columns=2).resolve_scale(y="shared")
    return _figure("Gradient over depth", shown, nets, chart)


def _over_training(nets: Sequence[xr.Dataset]) -> Figure:
    """The gradient of each hidden layer over training, a panel for each cell."""
    shown = nets[:MOST_CELLS]
    ramp = alt.Scale(scheme="viridis", reverse=True)
    colour = alt.Color("layer:O", title="hidden layer", scale=ramp)
    frame = Frame(_STEPS, _gradient_y(nets), colour)
    panels = [
        panel(_name(net), curves(band_table(_gradient(net), "step"), frame, f"cell {n}"), 340, 220)
        for n, net in enumerate(shown)
    ]
    chart = alt.concat(*panels, columns=2).resolve_scale(color="independent", y="shared")
    return _figure("Gradient of each layer over training", shown, nets, chart)


def _accuracy(nets: Sequence[xr.Dataset]) -> Figure:
    """The accuracy over training, a line for each cell."""
    shown, name = nets[:MOST_CELLS], _measured(nets[0], ACCURACIES)
    table = _by_cell(
        shown, lambda net: 100 * net[_measured(net, ACCURACIES)].rename(evaluation_step="step")
    )
    y = y_axis(f"{name.replace('_', ', ')} images (%)", alt.Scale(zero=False))
    layers = curves(table, Frame(_STEPS, y, _cell_colour(shown)), "accuracy")
    return _figure("Accuracy over training", shown, nets, alt.concat(panel("", layers, 700, 320)))


def _by_cell(
    nets: Sequence[xr.Dataset], values: Callable[[xr.Dataset], xr.DataArray]
) -> pd.DataFrame:
    """Return the seed bands of `values` of each net, over steps, with its name in column cell."""
    return pd.concat(band_table(values(net), "step").assign(cell=_name(net)) for net in nets)


_STEPS = alt.X("step:Q", title="SGD steps done")


def _gradient_y(nets: Sequence[xr.Dataset]) -> Callable[[str], alt.Y]:
    return y_axis(GRADIENTS[_measured(nets[0], GRADIENTS)], LOG, alt.Axis(format=".0e"))


def _one_rate_each(records: Iterable[xr.Dataset]) -> list[xr.Dataset]:
    """Return the seeds that did not diverge, of each cell and learning rate."""
    found = []
    for record in records:
        rates = np.unique(record["learning_rate"].values)
        for rate in rates:
            net = usable(record.isel(replica=np.flatnonzero(record["learning_rate"] == rate)))
            suffix = f", learning_rate={rate:g}" if len(rates) > 1 else ""
            found.append(net.assign_attrs(label=record.attrs["label"] + suffix))
    return found


def _measured(net: xr.Dataset, names: Iterable[str]) -> str:
    return next((name for name in names if name in net), "")


def _gradient(net: xr.Dataset) -> xr.DataArray:
    """Return the gradient of the hidden layers; axes replica, step, layer."""
    return hidden(net, _measured(net, GRADIENTS))


def _name(net: xr.Dataset) -> str:
    label = net.attrs["label"]
    return label if len(label) <= 60 else label[:59] + "…"


def _cell_colour(nets: Sequence[xr.Dataset]) -> alt.Color:
    names = [_name(net) for net in nets]
    legend = alt.Legend(orient="bottom", columns=3, labelLimit=400, title=None)
    scale = alt.Scale(scheme="category20") if len(names) > 6 else alt.Undefined
    return alt.Color("cell:N", sort=names, legend=legend, scale=scale)


def _figure(
    title: str, shown: Sequence[xr.Dataset], nets: Sequence[xr.Dataset], chart: alt.ConcatChart
) -> Figure:
    """Return a figure whose picture contains title and caption: MLflow shows the picture alone."""
    left = f" The first {len(shown)} of {len(nets)} cells." if len(nets) > len(shown) else ""
    caption = f"Line: median over seeds; band: central 95 % of seeds.{left}"
    finding = f"{title}. {caption} {basis(shown)}"
    return Figure(nets[0].attrs["study"], title, finding, caption, basis(shown), chart)
