"""Nielsen, ch. 5: the mini-batch version of the speed curves, "much noisier (albeit very similar)".

Three estimators of the same speed, each beside the full-batch run.
"""

import altair as alt
import pandas as pd
import xarray as xr

from depthgauge.report.axes import colour, speed_y, step_x
from depthgauge.report.cells import Records, basis, cell
from depthgauge.report.curves import hidden, hover, speed_layers, speed_table
from depthgauge.report.figure import Figure, panel
from depthgauge.report.nielsen_training_speed import STUDY
from depthgauge.report.seeds import one_seed

NAME = "nielsen_minibatch_speed"
DEPTH = 2

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
        title=f"Three ways to measure the speed with mini-batches, {DEPTH} hidden layers",
        caption=_caption(full, mini),
        chart=alt.concat(*panels, columns=2).resolve_scale(y="shared"),
    )


def _panel(key: str, title: str, table: pd.DataFrame, beside: list[alt.Chart]) -> alt.LayerChart:
    layers = [*speed_layers(table), *beside, hover(f"{NAME}_{key}", table, "step", "median")]
    return panel(title, layers, width=290, height=230)


def _single(net: xr.Dataset, variable: str) -> alt.Chart:
    """Return the curve of the first seed: medians over seeds hide how noisy one run is."""
    table = one_seed(hidden(net, variable), "step")
    curve = alt.Chart(table).encode(x=step_x(), y=speed_y("value"), color=colour(table))
    return curve.mark_line(style="single")


def _reference(table: pd.DataFrame) -> alt.Chart:
    curve = alt.Chart(table).encode(x=step_x(), y=speed_y("median"), detail="layer:N")
    return curve.mark_line(style="reference")


def _caption(full: xr.Dataset, mini: xr.Dataset) -> str:
    config = mini.attrs["config"]
    seed = int(mini["seed"][0])
    return (
        "Norm of ∂C/∂b for each hidden layer (1 is next to the input), trained on"
        f" {config['train_size']:,} images with mini-batches of {config['batch_size']}: of the"
        f" batch's own mean gradient, of the mean over all {config['gradients']['images']:,} images"
        " along the same trajectory, and of the gradient vector averaged over"
        f" {config['gradients']['window']} steps (from the first full window). Thick line: median"
        f" over seeds; band: central 95 % of seeds; thin line: seed {seed} alone; dashed: median of"
        f" the full-batch run. {basis([full, mini])}"
    )
