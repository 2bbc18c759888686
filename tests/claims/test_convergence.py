"""A shortened training decides only when it had learned, and come to rest."""

import numpy as np
import pytest
import xarray as xr

from depthgauge.claims.convergence import validation_converged


def cell(steps, errors):
    """Two seeds around these validation errors."""
    accuracy = 1 - np.array([errors, errors]) + np.array([[0.001], [-0.001]])
    return xr.Dataset(
        {"accuracy_validation": (("replica", "evaluation_step"), accuracy)},
        {"evaluation_step": steps},
        {"label": "x"},
    )


@pytest.mark.parametrize(
    ("steps", "errors", "expected"),
    [
        ([0, 500, 800, 1000], [0.9, 0.1, 0.050, 0.0491], ""),  # fell by 1.8 %
        ([0, 500, 800, 1000], [0.9, 0.1, 0.050, 0.0488], "still fell by 0.024"),  # by 2.4 %
        ([0, 500, 799, 900, 1000], [0.9, 0.1, 0.06, 0.05, 0.05], "still fell"),  # 799, not 900
        ([0, 500, 800, 1000], [0.9, 0.1, 0.05, 0.06], ""),  # got worse: it has had its best
        ([0, 500, 800, 1000], [0.9, 0.9, 0.9, 0.9], "only fell from 0.9 to 0.9"),  # a plateau
        ([0, 1000], [0.9, 0.05], "no evaluation before the last fifth"),
    ],
)
def test_rest_is_told_from_a_plateau_and_from_progress(steps, errors, expected):
    """At most 2 % in the last fifth, after an error that has at least halved."""
    found = validation_converged([cell(steps, errors)])
    assert (found == "") if not expected else (expected in found)


def test_the_least_rested_cell_decides():
    """One cell of several that still learns is enough to leave a comparison open."""
    rested = cell([0, 800, 1000], [0.9, 0.05, 0.05])
    learning = cell([0, 800, 1000], [0.9, 0.06, 0.05])
    assert validation_converged([rested, rested]) == ""
    assert validation_converged([rested, learning]) != ""
