"""Nielsen, ch. 5: how fast layers learn during 500 full-batch steps on 1,000 images."""

import numpy as np

from depthgauge.claims.claim import Cells
from depthgauge.claims.readings import final_accuracy, flags, hidden_speeds, ratios_to_next
from depthgauge.claims.statistics import Values

EARLY = 0.1
"""The part of the steps within which a drop counts as very quick."""

ONE_CLASS = 12.0
"""Percent: an accuracy that naming one class for every image reaches, and hardly anything else.

The most frequent digit has 11.7 % of the first 1,000 training images, 11.4 % of all 50,000.
"""


def always_faster(cells: Cells, layer: int, factor: float) -> Values:
    """1 where hidden layer `layer` + 1 learns over `factor` times faster at every recorded step."""
    ratios = ratios_to_next(hidden_speeds(cells[0]))[..., layer - 1]
    return flags(ratios > factor, ratios)


def least_typical_ratio(cells: Cells) -> Values:
    """Geometric mean over steps of the ratio to the next layer, for the pair where it is least."""
    return np.exp(np.log(ratios_to_next(hidden_speeds(cells[0]))).mean(axis=1)).min(axis=1)


def typical_last_to_first(cells: Cells) -> Values:
    """Geometric mean over steps of the last hidden layer's speed over the first one's."""
    speeds = hidden_speeds(cells[0])
    return np.exp(np.log(speeds[..., -1] / speeds[..., 0]).mean(axis=1))


def drops_and_rebounds(cells: Cells) -> Values:
    """1 where each hidden layer more than halves early, then more than doubles from its low point.

    The low point is the least speed within the first tenth of the steps.
    """
    speeds = hidden_speeds(cells[0])
    early = round(EARLY * cells[0].attrs["config"]["steps"]) + 1
    low = speeds[:, :early].min(axis=1)
    rebound = speeds[:, early:].max(axis=1, initial=0)
    return flags((speeds[:, 0] > 2 * low) & (rebound > 2 * low), speeds)


def names_one_class(cells: Cells) -> Values:
    """1 where the accuracy after the last step is that of one class for every image."""
    accuracy = final_accuracy(cells[0], "train")
    return flags(accuracy < ONE_CLASS, accuracy)
