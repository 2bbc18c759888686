"""Nielsen, ch. 5: the speed of learning of each hidden layer just after initialization."""

from collections.abc import Mapping

import altair as alt
import numpy as np
import xarray as xr

from depthgauge.report.cells import Records, basis, cells, layers_in_words, measured
from depthgauge.report.figure import Figure, panel
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
from depthgauge.studies.nielsen.published import INITIAL_SPEED as PUBLISHED
from depthgauge.studies.theory.mean_field import NIELSEN

STUDY = "nielsen_initial_speed"


def initial_speed(records: Records) -> Figure:
    """Draw the nets of 2, 3 and 4 hidden layers that are there; raises DataError without any."""
    nets = {depth: net for depth, net in cells(records, STUDY).items() if depth in PUBLISHED}
    panels = [_panel(depth, net) for depth, net in nets.items()]
    images = next(iter(nets.values())).attrs["config"]["gradients"]["images"]
    return Figure(
        study=STUDY,
        name=STUDY,
        title="Speed of learning just after initialization",
        finding=_finding(nets),
        caption=(
            "Compare the layers of a panel, from the last one upwards."
            f" Speed: norm of ∂C/∂b, the mean gradient over the first {images:,} training images;"
            " layer 1 is next to the input. Shaded: share of seeds in each bin; whisker: 95 %"
            " prediction interval for one more run; diamond: Nielsen's network; cross: the last"
            f" layer's geometric mean, and from there mean-field theory's factor of {NIELSEN:.3g} a"
            " layer."
        ),
        basis=basis(nets.values()),
        chart=alt.concat(*panels, columns=1).resolve_scale(x="shared"),
    )


def _finding(nets: Mapping[int, xr.Dataset]) -> str:
    depth, net = list(nets.items())[-1]
    return (
        f"With {layers_in_words(depth)}, layer {depth} starts {_ratio(net, depth):.3g} times as"
        " fast as layer 1 (geometric mean over seeds)."
    )


def _ratio(net: xr.Dataset, depth: int) -> float:
    """Return the geometric mean over seeds of the last layer's speed over the first's."""
    return float(np.exp(np.log(_initial(net, depth) / _initial(net, 1)).mean()))


def _panel(depth: int, net: xr.Dataset) -> alt.LayerChart:
    samples = {layer: _initial(net, layer) for layer in range(1, depth + 1)}
    published: Mapping[int, float] = dict(enumerate(PUBLISHED[depth], start=1))
    layers = [
        ridge_layer(ridge_table(samples)),
        *interval_layers(interval_table(samples)),
        published_layer(published),
        predicted_layer(predicted(samples)),
        *span_layers(samples),
    ]
    return panel(layers_in_words(depth), layers, width=600, height=45 + 45 * depth)


def predicted(samples: Mapping[int, np.ndarray]) -> dict[int, float]:
    """Return mean field's speeds of all layers, from the last one's own typical speed.

    `samples` are speeds over seeds by layer. At the fixed point: no input, no simulation.
    """
    last = max(samples)
    typical = float(np.exp(np.log(samples[last]).mean()))
    speeds = rounded([typical / NIELSEN ** (last - layer) for layer in range(1, last + 1)])
    return dict(enumerate(speeds.tolist(), start=1))


def _initial(net: xr.Dataset, layer: int) -> np.ndarray:
    norm = measured(net, "bias_gradient_norm")
    return norm.sel(gradient_step=0, layer=layer).values.astype(float)
