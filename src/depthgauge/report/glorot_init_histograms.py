"""Glorot and Bengio, Figs. 6, 7 and 8: normalized histograms of initial tanh nets, both inits."""

from collections.abc import Sequence
from typing import NamedTuple

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.cells import Records, basis, matching, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.histograms import density_layer, density_table
from depthgauge.studies.glorot.published import INIT_SETS as DATASETS
from depthgauge.studies.glorot.published import INITS

STUDY = "glorot_init"

_REACH = 3.5
"""Gradients are drawn out to so many standard deviations of the layer with the widest ones."""


class _Quantity(NamedTuple):
    """What is drawn, where the records hold it, and what the caption says of it."""

    name: str
    title: str
    short: str
    axis: str
    variable: str
    """NAME_histogram and NAME_std are in the records."""
    steps: str
    """The records' axis of updates."""
    what: str
    look: str
    """What a reader should compare."""


_ACTIVATIONS = _Quantity(
    "activations",
    "Activations just after initialization",
    "activations",
    "activation",
    "activation",
    "activation_step",
    "activations of 300 test images",
    "A narrow curve is a small signal: compare layer 5 with layer 1 in both panels.",
)
_DELTAS = _Quantity(
    "deltas",
    "Back-propagated gradients just after initialization",
    "δ",
    "δ = ∂C/∂z (cost per unit of pre-activation)",
    "delta",
    "signal_step",
    "δ of 300 training images, one by one",
    "A narrow curve is a small gradient: compare layer 1 with layer 5 in both panels.",
)
_WEIGHT_GRADIENTS = _Quantity(
    "weight_gradients",
    "Weight gradients just after initialization",
    "∂C/∂w",
    "∂C/∂w (cost per unit of weight)",
    "weight_gradient",
    "signal_step",
    "all entries of ∂C/∂w of each of {images} training images",
    "Do the curves of a panel lie on one another? What shrinks forward and what shrinks backward"
    " may balance.",
)


def activations(records: Records) -> Figure:
    """Draw Fig. 6; raises DataError when a record is missing."""
    return _figure(_pair(records), _ACTIVATIONS)


def deltas(records: Records) -> Figure:
    """Draw Fig. 7; raises DataError when a record is missing."""
    return _figure(_pair(records), _DELTAS)


def weight_gradients(records: Records) -> Figure:
    """Draw Fig. 8; raises DataError when a record is missing."""
    return _figure(_pair(records), _WEIGHT_GRADIENTS)


def _pair(records: Records) -> list[xr.Dataset]:
    """Return the standard and the normalized tanh net on the first data set that is there."""
    there = {each.attrs["axes"]["dataset"] for each in matching(records, STUDY)}
    dataset = next((name for name in DATASETS if name in there), DATASETS[0])
    return [matching(records, STUDY, model=model, dataset=dataset)[0] for model in INITS]


def _figure(nets: Sequence[xr.Dataset], drawn: _Quantity) -> Figure:
    spread = f"{drawn.variable}_std"
    reach = 1.0 if drawn is _ACTIVATIONS else max(_reach(net, spread) for net in nets)
    tables = [
        density_table(measured(net, f"{drawn.variable}_histogram").sel({drawn.steps: 0}), reach)
        for net in nets
    ]
    top = _top(tables)
    panels = [
        panel(
            f"{init.capitalize()} initialization",
            [density_layer(table, drawn.axis, reach, top)],
            285,
            230,
        )
        for init, table in zip(INITS.values(), tables, strict=True)
    ]
    what = drawn.what.format(images=nets[0].attrs["config"]["signal"]["histograms"])
    return Figure(
        study=STUDY,
        name=f"glorot_init_{drawn.name}",
        title=drawn.title,
        finding=_finding(nets, spread, drawn),
        caption=(
            f"{drawn.look} Density of {what}, mean over seeds, in five hidden layers of 1,000 tanh"
            f" units; both panels have the same axes, and peaks above them are cut."
        ),
        basis=basis(nets),
        chart=alt.concat(*panels, columns=2),
    )


def _finding(nets: Sequence[xr.Dataset], spread: str, drawn: _Quantity) -> str:
    """Return by what factor the spread changes from hidden layer 1 (or 2) to the last."""
    first = 2 if drawn is _WEIGHT_GRADIENTS else 1
    parts = []
    for init, net in zip(INITS.values(), nets, strict=True):
        hidden = measured(net, spread).isel({drawn.steps: 0, "layer": slice(0, -1)}).mean("replica")
        low, high = float(hidden.sel(layer=first)), float(hidden[-1])
        parts.append(f"{max(low / high, high / low):.3g} with the {init} initialization")
    last = nets[0].sizes["layer"] - 1
    return (
        f"The standard deviation of {drawn.short} in layers {first} and {last} differs by a factor"
        f" of {' and '.join(parts)}."
    )


def _top(tables: Sequence[pd.DataFrame]) -> float:
    """Return how high the axis reaches: twice the middle one of the peaks, or all of them."""
    peaks = sorted(
        float(curve["density"].to_numpy().max())
        for table in tables
        for _, curve in table.groupby("layer")
    )
    return float(f"{min(peaks[-1], 2 * peaks[len(peaks) // 2]):.2g}")


def _reach(net: xr.Dataset, spread: str) -> float:
    hidden = measured(net, spread).isel(layer=slice(0, -1)).mean("replica")
    return float(f"{_REACH * float(hidden.max()):.2g}")
