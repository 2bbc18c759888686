"""Nielsen, ch. 5, opening experiments: what depth does to the accuracy on MNIST."""

import numpy as np

from depthgauge.claims.claim import Cells
from depthgauge.claims.readings import final_accuracy
from depthgauge.claims.statistics import Values


def accuracies(cells: Cells) -> Values:
    """Return percent correct on the validation images after the last step, (seed, cell)."""
    return np.stack([final_accuracy(cell, "validation") for cell in cells], axis=1)


def one_accuracy(cells: Cells) -> Values:
    """Return that of the first cell, (seed,)."""
    return accuracies(cells)[:, 0]


def difference(cells: Cells) -> Values:
    """First cell minus second, seed by seed."""
    first, second = accuracies(cells).T
    return first - second


def error_ratio(cells: Cells) -> Values:
    """Error of the first cell over the least error of the others, seed by seed.

    Picking the best of several flatters depth, so the claim that it helps little is not favoured.
    """
    error = 100 - accuracies(cells)
    return error[:, 0] / error[:, 1:].min(axis=1)
