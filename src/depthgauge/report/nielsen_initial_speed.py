"""Nielsen, ch. 5: the speed of learning of each hidden layer just after initialization."""

from collections.abc import Mapping

import altair as alt
import numpy as np
import xarray as xr

from depthgauge.report.cells import Records, basis, by_depth, known, layers_in_words, measured
from depthgauge.report.figure import Figure, panel
from depthgauge.report.numbers import typical
from depthgauge.report.ridges import (
    interval_layers,
    interval_table,
    predicted_layer,
    published_layer,
    ridge_layer,
    ridge_table,
    span_layers,
)
from depthgauge.report.seeds import rounded
from depthgauge.studies.nielsen.register import INITIAL_SPEED as PUBLISHED
from depthgauge.studies.theory.mean_field import NIELSEN

STUDY = "nielsen_initial_speed"


def initial_speed(records: Records) -> Figure:
    """Draw the nets of 2, 3 and 4 hidden layers that are there; raises DataError without any."""
    there = by_depth(records, STUDY)
    nets = known({depth: there[depth] for depth in there if depth in PUBLISHED}, STUDY)
    samples = {
        depth: {layer: _initial(net, layer) for layer in range(1, depth + 1)}
        for depth, net in nets.items()
    }
    panels = [_panel(depth, speeds) for depth, speeds in samples.items()]
    images = next(iter(nets.values())).attrs["config"]["gradients"]["images"]
    return Figure(
        study=STUDY,
        title="Speed of learning just after initialization",
        finding=_finding(samples),
        caption=(
            "Compare the layers of a panel, from the last one upwards."
            f" Speed: norm of ∂C/∂b, the mean gradient over the first {images:,} training images;"
            " layer 1 is next to the input. Shaded: share of seeds in each bin; whisker: 95 %"
            " prediction interval for one more run. Mean-field theory starts from the last layer's"
            f" geometric mean and divides by {NIELSEN:.3g} at each layer before it."
        ),
        basis=basis(nets.values()),
        chart=alt.concat(*panels, columns=1).resolve_scale(x="shared"),
    )


def _finding(samples: Mapping[int, Mapping[int, np.ndarray]]) -> str:
    depth, speeds = list(samples.items())[-1]
    return (
        f"With {layers_in_words(depth)}, layer {depth} starts"
        f" {typical(speeds[depth] / speeds[1]):.3g} times as fast as layer 1 (geometric mean over"
        " seeds)."
    )


def _panel(depth: int, samples: Mapping[int, np.ndarray]) -> alt.LayerChart:
    layers = [
        ridge_layer(ridge_table(samples)),
        *interval_layers(interval_table(samples)),
        published_layer(dict(enumerate(PUBLISHED[depth], start=1))),
        predicted_layer(predicted(samples)),
        *span_layers(samples),
    ]
    return panel(layers_in_words(depth), layers, width=600, height=45 + 45 * depth)


def predicted(samples: Mapping[int, np.ndarray]) -> dict[int, float]:
    """Return mean field's speeds of all layers, from the last one's own typical speed.

    `samples` are speeds over seeds by layer. At the fixed point: no input, no simulation.
    """
    last = max(samples)
    start = typical(samples[last])
    speeds = rounded([start / NIELSEN ** (last - layer) for layer in range(1, last + 1)])
    return dict(enumerate(speeds.tolist(), start=1))


def _initial(net: xr.Dataset, layer: int) -> np.ndarray:
    norm = measured(net, "bias_gradient_norm")
    return norm.sel(gradient_step=0, layer=layer).values.astype(float)
