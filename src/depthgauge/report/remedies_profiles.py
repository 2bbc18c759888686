"""What helps: gradients and updates layer by layer, with each remedy, at the start and the end."""

from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.errors import DataError
from depthgauge.report.cells import Records, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.remedied_nets import STUDY, TITLES, Nets, nets_by_depth, remedies_basis
from depthgauge.report.seeds import BAND, rounded
from depthgauge.studies.remedies.register import DEEP
from depthgauge.theory import initial_variances, weight_gradient_variances

SLOPES = {"tanh": 1.0, "relu": 1 / 2, "gelu": 1 / 4}
"""Mean f'^2 for small signals, which is also how mean a^2 passes the activation."""

_DECADES = [10.0**power for power in range(-12, 7, 2)]

PREDICTED = ("normalized", "orthogonal", "relu", "he", "gelu")
"""Models that differ from the plain one by init or activation alone: theory knows their ratio."""


def remedies_gradients(records: Records) -> Figure:
    """Draw |dC/dw| of each model; raises DataError when the deep nets were not run."""
    nets = deep_nets(records)
    tables = _profiles(nets, "weight_gradient_norm", "gradient_step")
    images = next(iter(nets.values())).attrs["config"]["gradients"]["images"]
    text = (
        f"Norm of ∂C/∂w averaged over the first {images:,} training images, by layer (1 is next to"
        " the input, the last is the output). Dashed: the plain net's start times the ratio that"
        " linear theory gives (Glorot and Bengio's equation 7, with the mean squared slope of the"
        " activation), where init or activation alone differ."
    )
    return Figure(
        study=STUDY,
        name="remedies_gradients",
        title="What helps: weight gradients layer by layer",
        caption=_caption(text, nets),
        chart=_chart(tables, predictions(nets), "|∂C/∂w|"),
    )


def remedies_updates(records: Records) -> Figure:
    """Draw |step| / |w| of each model; raises DataError when the deep nets were not run."""
    nets = deep_nets(records)
    tables = _profiles(nets, "update_ratio", "update_step")
    text = (
        "Norm of the step in w over the norm of w, by layer (1 is next to the input, the last is"
        " the output), at the chosen rate."
    )
    return Figure(
        study=STUDY,
        name="remedies_updates",
        title="What helps: the fraction of the weights that a step changes",
        caption=_caption(text, nets),
        chart=_chart(tables, {}, "|step| / |w|"),
    )


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


def _caption(text: str, nets: Nets) -> str:
    reading = (
        "Thick line: start; thin line: end; bands: central 95 % of seeds. All panels have one axis."
    )
    return f"{DEEP} hidden layers. {text} {reading} {remedies_basis(list(nets.values()))}"


def _chart(
    tables: Mapping[str, pd.DataFrame], predicted: Mapping[str, pd.DataFrame], title: str
) -> alt.ConcatChart:
    panels = [
        _panel(TITLES[model], table, predicted.get(model), title) for model, table in tables.items()
    ]
    return alt.concat(*panels, columns=4).resolve_scale(y="shared")


def _y(field: str, title: str) -> alt.Y:
    axis = alt.Axis(values=_DECADES, format=".0e")
    return alt.Y(f"{field}:Q", scale=alt.Scale(type="log", nice=False), title=title, axis=axis)


def _panel(
    title: str, table: pd.DataFrame, predicted: pd.DataFrame | None, y: str
) -> alt.LayerChart:
    x = alt.X("layer:Q", title="layer", axis=alt.Axis(tickMinStep=5, format="d"))
    layers = []
    for when, style in (("start", "median"), ("end", "single")):
        base = alt.Chart(table[table["when"] == when]).encode(x=x)
        layers += [
            base.mark_area(style="band").encode(y=_y("low", y), y2="high"),
            base.mark_line(style=style).encode(
                y=_y("median", y), tooltip=["when", "layer", "median"]
            ),
        ]
    if predicted is not None:
        line = alt.Chart(predicted).mark_line(style="reference")
        layers.append(line.encode(x=x, y=_y("predicted", y), tooltip=["layer", "predicted"]))
    return panel(title, layers, width=125, height=120)
