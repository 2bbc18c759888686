"""Glorot and Bengio, section 5: layers that grow or shrink gain as equal ones do."""

import numpy as np

from depthgauge.claims.claim import Cells
from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.statistics import Values
from depthgauge.studies.glorot.errors import difference


def ratio_of_gains(cells: Cells) -> Values:
    """Gain of the first two cells over that of the last two, seed by seed."""
    gains = np.stack([difference(cells[:2]), difference(cells[2:])])
    if (gains <= 0).any():
        raise UndecidableError("a seed gains nothing, so there is no ratio of gains")
    return gains[0] / gains[1]
