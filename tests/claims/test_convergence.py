"""A shortened training decides only when it had learned, and come to rest."""

import numpy as np
import pytest
import xarray as xr

from depthgauge.claims.convergence import error_of_naming_one_class, validation_converged

STEPS = [0, *range(600, 1001, 40)]
"""Five evaluations in each of the last two fifths of 1,000 steps, one at the start of the first."""


def cell(before, last, steps=STEPS, seeds=10, spread=0.001, name="mnist", published=0):
    """Seeds around these validation errors of the fifth before and of the last one."""
    steps = np.array(steps)
    level = np.where(steps == 0, 0.9, np.where(steps <= 0.8 * steps[-1], before, last))
    noise = spread * np.random.default_rng(0).standard_normal((seeds, 1))
    return xr.Dataset(
        {"accuracy_validation": (("replica", "evaluation_step"), 1 - level - noise)},
        {"evaluation_step": steps},
        {"label": "x", "data": {"name": name}, "config": {}, "published_steps": published},
    )


@pytest.mark.parametrize(
    ("before", "last", "expected"),
    [
        (0.050, 0.0490, ""),  # fell by 2 %
        (0.050, 0.0465, "still fell by 0.07 of itself"),
        (0.05, 0.06, ""),  # got worse: it has had its best
        (0.56, 0.55, ""),  # published errors of CIFAR-10 are as large
        (0.9, 0.9, "is not below 0.88, what naming one class gives"),  # its first plateau
    ],
)
def test_rest_is_distinguished_from_a_plateau_and_from_progress(before, last, expected):
    """At most 5 % from fifth to fifth, and below what naming the commonest class gives."""
    found = validation_converged([cell(before, last)])
    assert (found == "") if not expected else (expected in found)


def test_seeds_that_disagree_leave_the_fall_open():
    """The upper end of the fall's interval counts, not its mean."""
    noisy = cell(0.05, 0.049)
    errors = noisy["accuracy_validation"].to_numpy()
    errors[::2, -5:] -= 0.01
    errors[1::2, -5:] += 0.01
    assert "still fell by" in validation_converged([noisy])


def test_few_evaluations_show_no_rest():
    """Four in the last fifth are too few for its mean."""
    steps = [0, *range(600, 801, 40), 850, 900, 950, 1000]
    assert "fewer than 5 evaluations" in validation_converged([cell(0.05, 0.05, steps)])


def test_a_twentieth_of_the_published_run_is_no_end():
    """999 updates of 20,000 say what the error is there; 1,000 may be at rest."""
    assert "less than a twentieth" in validation_converged([cell(0.05, 0.05, published=20_001)])
    assert validation_converged([cell(0.05, 0.05, published=20_000)]) == ""


def test_a_published_plateau_may_be_the_end():
    """The sigmoid net of five layers names one class of Shapeset for ever: 83.4 %, chance 83.3."""
    rest = cell(0.834, 0.834, name="shapeset")
    assert "naming one class" in validation_converged([rest])
    assert validation_converged([rest], plateau=True) == ""
    assert "still fell" in validation_converged([cell(0.9, 0.7)], plateau=True)


def test_chance_is_that_of_the_data_set():
    """5/6 less three binomial standard errors of 10,000 images; MNIST's commonest has 10.9 %."""
    error = 5 / 6 - 3 * (5 / 36 / 10_000) ** 0.5
    assert error_of_naming_one_class(cell(0, 0, name="shapeset")) == pytest.approx(error)
    error = 0.891 - 3 * (0.891 * 0.109 / 10_000) ** 0.5
    assert error_of_naming_one_class(cell(0, 0)) == pytest.approx(error)


def test_the_least_rested_cell_decides():
    """One cell of several that still learns is enough to leave a comparison open."""
    rested, learning = cell(0.05, 0.05), cell(0.06, 0.05)
    assert validation_converged([rested, rested]) == ""
    assert validation_converged([rested, learning]) != ""
