"""Activations of the theory against complex steps, grids and limits."""

import numpy as np
import pytest

from depthgauge.errors import ConfigError
from depthgauge.theory import ACTIVATIONS, find_activation

NAMES = list(ACTIVATIONS)
GRID = np.concatenate([np.linspace(-30, 30, 6001), [-1e-9, 1e-9]])


@pytest.mark.parametrize("name", NAMES)
def test_slope_is_the_derivative(name):
    """f' agrees with a central difference of f away from kinks."""
    chosen = find_activation(name)
    z = np.linspace(-6, 6, 241) + 0.0137
    step = 1e-5
    numeric = (chosen.value(z + step) - chosen.value(z - step)) / (2 * step)
    np.testing.assert_allclose(chosen.slope(z), numeric, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_gamma_is_the_least_upper_bound_of_the_slope(name):
    """No slope exceeds gamma, and some slope comes as close to it as the grid allows."""
    chosen = find_activation(name)
    slopes = np.abs(chosen.slope(GRID))
    assert slopes.max() <= chosen.gamma * (1 + 1e-15)
    assert slopes.max() > chosen.gamma * (1 - 1e-5)


def test_gamma_of_sigmoid_is_one_quarter():
    """sigma' <= 1/4, reached at 0; tanh and softsign reach 1 there."""
    at_zero = {name: float(find_activation(name).slope(np.array(0.0))) for name in NAMES[:3]}
    assert at_zero == {"sigmoid": 0.25, "tanh": 1.0, "softsign": 1.0}
    assert [find_activation(name).gamma for name in NAMES[:3]] == [0.25, 1.0, 1.0]


@pytest.mark.parametrize("name", NAMES)
def test_saturation_is_finite_and_silent(name):
    """Far from 0 neither f nor f' overflows or warns; tails keep their relative accuracy."""
    far = np.array([-800.0, -40.0, 40.0, 800.0])
    assert np.isfinite(find_activation(name).value(far)).all()
    assert np.isfinite(find_activation(name).slope(far)).all()
    tails = {"sigmoid": np.exp(-40), "tanh": 4 * np.exp(-80)}
    if name in tails:
        np.testing.assert_allclose(find_activation(name).slope(far[1:3]), tails[name], rtol=1e-12)


def test_unknown_activation_is_refused_by_name():
    """The sentence names what was asked for and what there is."""
    with pytest.raises(ConfigError, match=r"activation=swish is unknown.*sigmoid, tanh, softsign"):
        find_activation("swish")
