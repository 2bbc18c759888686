"""Claims of mean field: how gradients change from layer to layer before training."""

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.nielsen_initial_speed import PUBLISHED
from depthgauge.claims.predictions import measured_profile, predicted_profile, slope
from depthgauge.claims.readings import initial_speeds
from depthgauge.claims.rules import PREDICTED, factor_between
from depthgauge.claims.statistics import Values
from depthgauge.theory import shrink_per_layer

ACTIVATIONS = ("sigmoid", "tanh", "softsign", "relu")
INITS = ("nielsen_default", "nielsen_large", "glorot_standard", "glorot_normalized")
NETS = {"10x200": [200] * 10, "30x100": [100] * 30}
"""Hidden layers x units."""
FINITE_WIDTH = 5.0
"""Mean field is exact for infinitely wide nets; a layer's factor is off by order 1/width (Hanin and
Nica 2019). This much over the width is allowed: 5 % at 100 units, 2.5 % at 200.
"""

NIELSEN = shrink_per_layer("sigmoid", 1.0, 1.0)
"""Factor a layer, deep down, of sigmoid nets with Var w = 1/n_in and Var b = 1: 4.88."""


def _measured_over_predicted(cells: Cells) -> Values:
    """Measured factor a layer over the predicted one."""
    return slope(measured_profile(cells[0])) / slope(predicted_profile(cells[0]))


def _last_to_first(cells: Cells) -> Values:
    speeds = initial_speeds(cells[0])
    return speeds[:, -1] / speeds[:, 0]


def _slope(activation: str, init: str, net: str) -> Claim:
    margin = FINITE_WIDTH / NETS[net][0]
    return Claim(
        id=f"theory.mean_field.{activation}.{init}.{net}",
        source="Poole et al. 2016, Schoenholz et al. 2017: length and gradient maps",
        statement=f"{activation}, {init}, {net}: the root mean square of |delta| changes a layer"
        f" by the factor predicted, within {100 * margin:g} %",
        study="mean_field",
        cells=({"activation": activation, "init": init, "hidden": NETS[net]},),
        estimate=_measured_over_predicted,
        rule=factor_between("predicted", 1 - margin, 1 + margin),
        unit="measured / predicted, factor per layer",
        figure="mean_field",
        updates=0,
        published=1.0,
    )


def _nielsen(depth: int) -> Claim:
    """Nielsen's own nets, whose 30 units are far from a mean field."""
    predicted = float(f"{NIELSEN ** (depth - 1):.3g}")
    return Claim(
        id=f"theory.mean_field.nielsen.h{depth}",
        source=f"mean field at its fixed point, {NIELSEN:.3g} a layer, for Nielsen's nets",
        statement=f"With {depth} hidden layers of 30, the last starts {predicted:g} times faster"
        " than the first",
        study="nielsen_initial_speed",
        cells=({"hidden": [30] * depth},),
        estimate=_last_to_first,
        rule=PREDICTED,
        unit="ratio of speeds",
        figure="nielsen_initial_speed",
        updates=0,
        published=predicted,
    )


CLAIMS = (
    *(_nielsen(depth) for depth in PUBLISHED),
    *(
        _slope(activation, init, net)
        for activation in ACTIVATIONS
        for init in INITS
        for net in NETS
    ),
)
