"""Glorot and Bengio, Figs. 6, 7 and 8: normalized histograms of initial tanh nets, both inits."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.cells import Records, basis, hidden, matching, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.histograms import density_layer, density_table
from depthgauge.studies.glorot.register import INIT_SETS as DATASETS
from depthgauge.studies.glorot.register import INITS

STUDY = "glorot_init"

_REACH = 3.5
"""Gradients are drawn to this many standard deviations of the layer with the widest ones."""


class _Quantity(NamedTuple):
    """What is drawn, where the records hold it, and what the caption says of it."""

    title: str
    short: str
    axis: str
    variable: str
    """NAME_histogram and NAME_std are in the records."""
    what: str
    look: str
    """What a reader should compare."""
    first: int = 1
    """The layer that the finding compares with the last hidden one."""


_ACTIVATIONS = _Quantity(
    "Activations just after initialization",
    "activations",
    "activation",
    "activation",
    "activations of 300 test images",
    "A narrow curve is a small signal: compare layer 5 with layer 1 in both panels.",
)
_DELTAS = _Quantity(
    "Back-propagated gradients just after initialization",
    "δ",
    "δ = ∂C/∂z (cost per unit of pre-activation)",
    "delta",
    "δ of 300 training images, one by one",
    "A narrow curve is a small gradient: compare layer 1 with layer 5 in both panels.",
)
_WEIGHT_GRADIENTS = _Quantity(
    "Weight gradients just after initialization",
    "∂C/∂w",
    "∂C/∂w (cost per unit of weight)",
    "weight_gradient",
    "all entries of ∂C/∂w of each of {images} training images",
    "Do the curves in a panel coincide? The shrinking of activations and of δ may cancel.",
    first=2,
)


def _pair(records: Records) -> dict[str, xr.Dataset]:
    """Return the standard and the normalized tanh net on the first data set that is there."""
    there = {each.attrs["data"]["name"] for each in matching(records, STUDY)}
    dataset = next((name for name in DATASETS if name in there), DATASETS[0])
    return {
        init: matching(records, STUDY, model=model, dataset=dataset)[0]
        for model, init in INITS.items()
    }


def _figure(records: Records, drawn: _Quantity) -> Figure:
    """Draw `drawn` of both nets; raises DataError when a record is missing."""
    nets = _pair(records)
    spreads = {init: _spreads(net, drawn) for init, net in nets.items()}
    widest = max(float(each.max()) for each in spreads.values())
    reach = 1.0 if drawn is _ACTIVATIONS else float(f"{_REACH * widest:.2g}")
    tables = {init: density_table(_shares(net, drawn), reach) for init, net in nets.items()}
    top = _top(list(tables.values()))
    panels = [
        panel(
            f"{init.capitalize()} initialization",
            [density_layer(table, drawn.axis, reach, top)],
            285,
            230,
        )
        for init, table in tables.items()
    ]
    any_net = next(iter(nets.values()))
    what = drawn.what.format(images=any_net.attrs["config"]["signal"]["histograms"])
    return Figure(
        study=STUDY,
        title=drawn.title,
        finding=_finding(spreads, drawn),
        caption=(
            f"{drawn.look} Density of {what}, mean over seeds, in five hidden layers of 1,000 tanh"
            f" units; both panels have the same axes, and peaks above them are cut."
        ),
        basis=basis(nets.values()),
        chart=alt.concat(*panels, columns=2),
    )


def _spreads(net: xr.Dataset, drawn: _Quantity) -> xr.DataArray:
    """Return the standard deviation in each hidden layer at the start, mean over seeds."""
    return hidden(net, f"{drawn.variable}_std").sel(step=0).mean("replica")


def _shares(net: xr.Dataset, drawn: _Quantity) -> xr.DataArray:
    """Return the histogram of each layer at the start."""
    shares = measured(net, f"{drawn.variable}_histogram")
    (steps,) = (dim for dim in shares.dims if str(dim).endswith("_step"))
    return shares.sel({steps: 0})


def _finding(spreads: Mapping[str, xr.DataArray], drawn: _Quantity) -> str:
    """Return by what factor the spread changes from hidden layer 1 (or 2) to the last."""
    parts = []
    for init, layers in spreads.items():
        ratio = float(layers.sel(layer=drawn.first) / layers[-1])
        parts.append(f"{max(ratio, 1 / ratio):.3g} with the {init} initialization")
    last = max(len(layers) for layers in spreads.values())
    return (
        f"The standard deviation of {drawn.short} in layers {drawn.first} and {last} differs by a"
        f" factor of {' and '.join(parts)}."
    )


def _top(tables: Sequence[pd.DataFrame]) -> float:
    """Return how high the axis reaches: twice the middle one of the peaks, or all of them."""
    peaks = sorted(
        float(curve["density"].to_numpy().max())
        for table in tables
        for _, curve in table.groupby("layer")
    )
    return float(f"{min(peaks[-1], 2 * peaks[len(peaks) // 2]):.2g}")


activations = partial(_figure, drawn=_ACTIVATIONS)
deltas = partial(_figure, drawn=_DELTAS)
weight_gradients = partial(_figure, drawn=_WEIGHT_GRADIENTS)
