"""Nielsen, ch. 5: the mini-batch version of the speed curves, "much noisier (albeit very similar)".

Three estimators of the same speed, each next to the full-batch run.
"""

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from depthgauge.report.axes import LAYER, speed_y, step_x
from depthgauge.report.cells import Records, basis, hidden, layers_in_words, matching
from depthgauge.report.curves import Frame, curves
from depthgauge.report.figure import Figure, panel
from depthgauge.report.labels import Axis
from depthgauge.report.nielsen_training_speed import NORM, STUDY
from depthgauge.report.seeds import BAND_WORDS, band_table, one_seed

DEPTH = 2
HEIGHT = 200

_ESTIMATORS = {
    "batch_bias_gradient_norm": "Mini-batch: its own images",
    NORM: "Mini-batch: all {images:,} images",
    "window_bias_gradient_norm": "Mini-batch: mean of {window} steps",
}


def minibatch_speed(records: Records) -> Figure:
    """Draw the estimators; raises DataError when the full- or mini-batch record is missing."""
    full, mini = (
        matching(records, STUDY, depth=DEPTH, batch=batch)[0] for batch in ("full", "mini")
    )
    config = mini.attrs["config"]
    drawn = [("Full batch", full, NORM)]
    drawn += [
        (title.format(**config["gradients"]), mini, variable)
        for variable, title in _ESTIMATORS.items()
    ]
    tables = [band_table(hidden(net, variable), "step") for _, net, variable in drawn]
    frame = Frame(step_x(), speed_y, LAYER, Axis.over(pd.concat(tables), HEIGHT, log=True))
    panels = []
    for (title, net, variable), table in zip(drawn, tables, strict=True):
        layers = [*curves(table, frame, f"minibatch_{title}"), _single(net, variable)]
        if net is mini:
            layers.append(_reference(tables[0]))
        panels.append(panel(title, layers, width=260, height=HEIGHT))
    return Figure(
        study=STUDY,
        title=f"Three ways to measure the speed with mini-batches, {layers_in_words(DEPTH)}",
        finding=_finding(full, mini),
        caption=(
            "Compare the thin line of each panel, one run, with the dashed one, the full-batch run."
            f" Norm of ∂C/∂b, trained on {config['train_size']:,} images with mini-batches of"
            f" {config['batch_size']}: of the batch's own mean gradient, of the mean over all"
            f" {config['gradients']['images']:,} images along the same trajectory, and of the"
            f" gradient vector averaged over {config['gradients']['window']} steps (from the first"
            f" full window). Thick line: median over seeds; {BAND_WORDS}; thin line: seed"
            f" {int(mini['seed'][0])}; dashed: median of the full-batch run."
        ),
        basis=basis([full, mini]),
        chart=alt.concat(*panels, columns=2).resolve_scale(y="shared"),
    )


def _single(net: xr.Dataset, variable: str) -> alt.Chart:
    """Return the curve of the first seed: medians over seeds hide how noisy one run is."""
    base = alt.Chart(one_seed(hidden(net, variable), "step")).mark_line(style="single")
    return base.encode(x=step_x(), y=speed_y("value"), color=LAYER)


def _reference(table: pd.DataFrame) -> alt.Chart:
    base = alt.Chart(table).mark_line(style="reference")
    return base.encode(x=step_x(), y=speed_y("median"), detail="layer:N")


def _finding(full: xr.Dataset, mini: xr.Dataset) -> str:
    """Return how much noisier a mini-batch's gradient is than the full-batch run's."""
    noise = _jump(mini, "batch_bias_gradient_norm") / _jump(full, NORM)
    window = mini.attrs["config"]["gradients"]["window"]
    mean = _jump(mini, "window_bias_gradient_norm") / _jump(full, NORM)
    return (
        f"A mini-batch's own gradient norm jumps {noise:.2g} times as much from step to step as the"
        f" full-batch one; averaged over {window} steps, {mean:.2g} times."
    )


def _jump(net: xr.Dataset, variable: str) -> float:
    """Return the mean of |change of the logarithm| from one recorded step to the next."""
    speeds = hidden(net, variable).astype(float).transpose("step", ...)
    return float(np.nanmean(np.abs(np.diff(np.log(speeds.to_numpy()), axis=0))))
