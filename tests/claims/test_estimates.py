"""What claims read from small records whose numbers are known by hand."""

import numpy as np
import pytest
import xarray as xr

from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.rates import final_errors
from depthgauge.claims.readings import final_accuracy, window_ends
from depthgauge.studies.glorot.output_speed import bias_over


def cell(variables, seeds=2, steps=10, **coords):
    """A record of a few seeds with these variables."""
    coords = {"seed": ("replica", np.arange(seeds)), **coords}
    attrs = {"label": "a cell", "config": {"steps": steps, "gradients": {"window": 2}}}
    return xr.Dataset(variables, coords, attrs)


def test_errors_are_percent_after_the_last_step_by_rate():
    """The mean of its seeds; a rate at which a seed diverged is never chosen."""
    accuracy = np.array([[0.1, 0.75], [0.1, 0.85], [0.1, 0.9], [0.1, 0.9]])
    found = final_errors(
        cell(
            {
                "accuracy_validation": (("replica", "evaluation_step"), accuracy),
                "diverged_at": ("replica", [-1, -1, -1, 3]),
            },
            seeds=4,
            learning_rate=("replica", [0.1, 0.1, 1.0, 1.0]),
        )
    )
    assert found == {0.1: pytest.approx(20.0), 1.0: np.inf}


@pytest.mark.parametrize(("last", "decidable"), [(9, False), (10, True), (11, False)])
def test_an_accuracy_counts_at_the_very_last_step(last, decidable):
    """Neither before the end nor beyond what the config says was trained."""
    values = (("replica", "evaluation_step"), np.array([[0.1, 0.5], [0.1, 0.75]]))
    record = cell({"accuracy_test": values}, evaluation_step=[0, last])
    if decidable:
        np.testing.assert_allclose(final_accuracy(record, "test"), [50, 75])
    else:
        with pytest.raises(UndecidableError, match=f"last evaluated at step {last} of 10"):
            final_accuracy(record, "test")


def test_only_the_first_hundred_updates_count_for_the_output():
    """The geometric mean of 2 and 8 up to update 100; what comes later is something else."""
    speeds = {
        "output_bias_speed": np.array([[2.0, 8.0, 1000.0]]),
        "output_signal_speed": np.ones((1, 3)),
    }
    axes = ("replica", "output_step")
    record = cell(
        {name: (axes, values) for name, values in speeds.items()}, 1, output_step=[0, 100, 101]
    )
    found = bias_over([record], speed="output_signal_speed", updates=100)
    np.testing.assert_allclose(found, [4.0])


def test_windows_end_where_they_are_full_and_hold_hidden_layers_alone():
    """Windows of 2 over 4 steps: steps 1 and 3; the state after the last step ends none."""
    curve = np.arange(5.0)[None, :, None] + np.array([0.0, 100.0, 1000.0])
    values = (("replica", "gradient_step", "layer"), curve)
    record = cell({"window_bias_gradient_norm": values}, 1)
    np.testing.assert_array_equal(window_ends(record), [[[1, 101], [3, 103]]])
