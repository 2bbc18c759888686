"""Mean field: how gradients change from layer to layer before training."""

from depthgauge.claims.claim import Cells
from depthgauge.claims.readings import initial_speeds
from depthgauge.claims.statistics import Values
from depthgauge.studies.theory.predictions import measured_profile, predicted_profile, slope
from depthgauge.theory import shrink_per_layer

NIELSEN = shrink_per_layer("sigmoid", 1.0, 1.0)
"""Factor a layer, deep down, of sigmoid nets with Var w = 1/n_in and Var b = 1: 4.88."""


def measured_over_predicted(cells: Cells) -> Values:
    """Measured factor a layer over the predicted one."""
    return slope(measured_profile(cells[0])) / slope(predicted_profile(cells[0]))


def factor_over_fixed_point(cells: Cells) -> Values:
    """Return the factor a layer of initial speeds, first to last, over NIELSEN, (seed,)."""
    speeds = initial_speeds(cells[0])
    return (speeds[:, -1] / speeds[:, 0]) ** (1 / (speeds.shape[1] - 1)) / NIELSEN
