"""Claims of Glorot and Bengio, section 3.1: why the top sigmoid layer saturates at once."""

from functools import partial

import numpy as np

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.glorot_saturation import STUDY
from depthgauge.claims.readings import series
from depthgauge.claims.rules import much
from depthgauge.claims.statistics import Values

FIRST_UPDATES = 100
"""Updates during which the output's speeds are compared."""


def _bias_to(cells: Cells, speed: str) -> Values:
    """Speed of the output's bias over `speed`: geometric mean over the first updates."""
    early = cells[0]["output_step"].to_numpy() <= FIRST_UPDATES
    bias, other = (
        series(cells[0], name, "output_step")[:, early] for name in ("output_bias_speed", speed)
    )
    return np.exp(np.log(bias / other).mean(axis=1))


def _claim(id: str, speed: str, what: str) -> Claim:
    return Claim(
        id=f"glorot.output_speed.bias_over_{id}",
        source="Glorot and Bengio 2010, section 3.1: the output might initially rely on its biases,"
        " which are learned very quickly, more than on the top hidden activations h",
        statement=f"Over the first {FIRST_UPDATES} updates of a sigmoid net with four hidden layers"
        f" the output's bias learns more than twice as fast as {what}",
        study=STUDY,
        cells=({"model": "sigmoid_4"},),
        estimate=partial(_bias_to, speed=speed),
        rule=much(),
        unit="ratio of speeds",
        figure="glorot_output_speed",
        updates=FIRST_UPDATES,
        dataset="shapeset",
    )


CLAIMS = (
    # Said literally. W h has a part that is the same for all images, because h is near 0.5; it
    # learns about |h|^2, 250 at the start, times as fast as the bias beside it.
    _claim("signal", "output_signal_speed", "W h"),
    _claim(
        "image_signal",
        "image_signal_speed",
        "what is left of W h when its mean over images is taken off",
    ),
)
