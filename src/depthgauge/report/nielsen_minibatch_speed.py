"""Nielsen, ch. 5: the mini-batch version of the speed curves, "much noisier (albeit very similar)".

Three estimators of the same speed, each beside the full-batch run.
"""

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.report.axes import colour, speed_y, step_x
from depthgauge.report.cells import Records, basis, cell, layers_in_words, measured
from depthgauge.report.curves import hidden, hover, layer_labels, speed_layers, speed_table
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis
from depthgauge.report.nielsen_training_speed import STUDY
from depthgauge.report.seeds import BAND_WORDS, one_seed

NAME = "nielsen_minibatch_speed"
DEPTH = 2
HEIGHT = 200

_ESTIMATORS = {
    "batch_bias_gradient_norm": "Mini-batch: its own images",
    "bias_gradient_norm": "Mini-batch: all {images:,} images",
    "window_bias_gradient_norm": "Mini-batch: mean of {window} steps",
}


def minibatch_speed(records: Records) -> Figure:
    """Draw the estimators; raises DataError when the full- or mini-batch record is missing."""
    full, mini = (cell(records, STUDY, DEPTH, batch) for batch in ("full", "mini"))
    reference = speed_table(full, "bias_gradient_norm")
    panels = [_panel("full", "Full batch", reference, [_single(full, "bias_gradient_norm")])]
    for variable, title in _ESTIMATORS.items():
        table = speed_table(mini, variable)
        beside = [_single(mini, variable), _reference(reference)]
        panels.append(
            _panel(variable, title.format(**mini.attrs["config"]["gradients"]), table, beside)
        )
    return Figure(
        study=STUDY,
        name=NAME,
        title=f"Three ways to measure the speed with mini-batches, {layers_in_words(DEPTH)}",
        finding=_finding(full, mini),
        caption=_caption(mini),
        basis=basis([full, mini]),
        chart=alt.concat(*panels, columns=2).resolve_scale(y="shared"),
    )


def _panel(key: str, title: str, table: pd.DataFrame, beside: list[alt.Chart]) -> alt.LayerChart:
    axis = Axis.over(table, HEIGHT, log=True)
    layers = [
        *speed_layers(table),
        *beside,
        layer_labels(table, step_x(), speed_y("median"), axis),
        hover(f"{NAME}_{key}", table, "step", "median"),
    ]
    return panel(title, layers, width=260, height=HEIGHT)


def _single(net: xr.Dataset, variable: str) -> alt.Chart:
    """Return the curve of the first seed: medians over seeds hide how noisy one run is."""
    table = one_seed(hidden(net, variable), "step")
    curve = alt.Chart(table).encode(
        x=step_x(), y=speed_y("value"), color=colour(table, labelled=True)
    )
    return curve.mark_line(style="single")


def _reference(table: pd.DataFrame) -> alt.Chart:
    curve = alt.Chart(table).encode(x=step_x(), y=speed_y("median"), detail="layer:N")
    return curve.mark_line(style="reference")


def _finding(full: xr.Dataset, mini: xr.Dataset) -> str:
    """Return how much noisier a mini-batch's gradient is than the full-batch run's."""
    noise = _jump(mini, "batch_bias_gradient_norm") / _jump(full, "bias_gradient_norm")
    window = mini.attrs["config"]["gradients"]["window"]
    mean = _jump(mini, "window_bias_gradient_norm") / _jump(full, "bias_gradient_norm")
    return (
        f"A mini-batch's own gradient norm jumps {noise:.2g} times as much from step to step as the"
        f" full-batch one; averaged over {window} steps, {mean:.2g} times."
    )


def _jump(net: xr.Dataset, variable: str) -> float:
    """Return the mean of |change of the logarithm| from one recorded step to the next."""
    speeds = measured(net, variable).isel(layer=slice(0, DEPTH)).astype(float)
    changes = np.diff(np.log(speeds.transpose("gradient_step", ...).to_numpy()), axis=0)
    return float(np.nanmean(np.abs(changes)))


def _caption(mini: xr.Dataset) -> str:
    config = mini.attrs["config"]
    seed = int(mini["seed"][0])
    return (
        "Compare the thin line of each panel, one run, with the dashed one, the full-batch run."
        f" Norm of ∂C/∂b, trained on {config['train_size']:,} images with mini-batches of"
        f" {config['batch_size']}: of the batch's own mean gradient, of the mean over all"
        f" {config['gradients']['images']:,} images along the same trajectory, and of the gradient"
        f" vector averaged over {config['gradients']['window']} steps (from the first full window)."
        f" Thick line: median over seeds; {BAND_WORDS}; thin line: seed {seed}; dashed: median of"
        " the full-batch run."
    )
