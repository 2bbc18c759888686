"""Variance recursions against brute-force draws and exact enumeration."""

from itertools import pairwise

import numpy as np
import pytest

from depthgauge.errors import ConfigError
from depthgauge.nets.initializers import INITIALIZERS
from depthgauge.theory import (
    activation_variances,
    delta_variances,
    initial_variances,
    mean_singular_value,
    normalized_variance,
    standard_variance,
    weight_gradient_variances,
)

WIDTHS = [12, 20, 9, 15, 7]  # no two alike: fan-in and fan-out cannot be swapped unnoticed
NETS = 4000


def assert_means(samples, expected):
    """The mean over nets is the expected one, within five standard errors of itself."""
    error = samples.std(ddof=1) / np.sqrt(len(samples))
    assert abs(samples.mean() - expected) < 5 * error
    assert error < expected / 10


@pytest.mark.parametrize("init", ["glorot_standard", "glorot_normalized"])
def test_recursions_match_drawn_linear_nets(init):
    """Forward, backward and weight-gradient variances of 4,000 linear nets of unequal widths."""
    random = np.random.default_rng(7)
    variances, _ = initial_variances(init, WIDTHS)
    shapes = zip(WIDTHS[1:], WIDTHS, strict=False)
    limits = np.sqrt(3 * variances)
    weights = [
        random.uniform(-limit, limit, (NETS, *shape))
        for limit, shape in zip(limits, shapes, strict=True)
    ]
    signals = [1.5 * random.normal(size=(NETS, WIDTHS[0], 1))]
    for w in weights:
        signals.append(w @ signals[-1])
    backward = [0.2 * random.normal(size=(NETS, WIDTHS[-1], 1))]
    for w in weights[:0:-1]:
        backward.insert(0, w.swapaxes(1, 2) @ backward[0])
    forward_theory = activation_variances(WIDTHS, variances, 1.5**2)
    backward_theory = delta_variances(WIDTHS, variances, 0.2**2)
    gradient_theory = weight_gradient_variances(WIDTHS, variances, 1.5**2, 0.2**2)
    for layer in range(4):
        assert_means((signals[layer + 1] ** 2).mean(axis=(1, 2)), forward_theory[layer])
        assert_means((backward[layer] ** 2).mean(axis=(1, 2)), backward_theory[layer])
        outer = backward[layer] * signals[layer].swapaxes(1, 2)
        assert_means((outer**2).mean(axis=(1, 2)), gradient_theory[layer])


def test_weight_gradients_are_alike_over_equal_widths():
    """The surprise of Fig. 8: both inits give the same variance in every layer."""
    widths = [1000] * 6
    for init in ("glorot_standard", "glorot_normalized"):
        found = weight_gradient_variances(widths, initial_variances(init, widths)[0], 0.3, 0.1)
        np.testing.assert_allclose(found, found[0])


def test_two_demands_meet_only_at_equal_widths():
    """n_in Var w = n_out Var w = 1 for equal widths; else eq. 16 lies between the two demands."""
    assert 30 * normalized_variance(30, 30) == 1
    assert 10 * normalized_variance(10, 40) < 1 < 40 * normalized_variance(10, 40)
    np.testing.assert_allclose(np.array([5, 80]) * standard_variance([5, 80]), 1 / 3)


ALIKE_LAYERS = sorted(set(INITIALIZERS) - {"glorot_drawn"})
"""Inits that treat all layers alike."""


@pytest.mark.parametrize("init", ALIKE_LAYERS)
def test_initial_variances_are_those_of_the_drawn_layers(init):
    """Every initializer of the nets has the variances that theory ascribes to its name."""
    n_in, n_out = 300, 700
    weights, biases = INITIALIZERS[init](np.random.default_rng(3), n_in, n_out)
    (variance,), bias_variance = initial_variances(init, [n_in, n_out])
    assert np.mean(weights**2) == pytest.approx(variance, rel=5 * np.sqrt(2 / weights.size))
    assert np.mean(biases**2) == pytest.approx(bias_variance, rel=5 * np.sqrt(2 / n_out))


@pytest.mark.parametrize("init", ALIKE_LAYERS)
def test_each_layer_has_its_own_fan_in_and_fan_out(init):
    """A deep net's variances are those of its layers, one by one."""
    variances, bias_variance = initial_variances(init, WIDTHS)
    alone = [initial_variances(init, pair) for pair in pairwise(WIDTHS)]
    assert variances == pytest.approx([float(each[0][0]) for each in alone], rel=1e-15)
    assert {bias_variance} == {each[1] for each in alone}


@pytest.mark.parametrize("draw", ["normal", "uniform"])
@pytest.mark.parametrize("scaled", [1.0, 1 / 3])
def test_mean_singular_value_matches_a_drawn_matrix(draw, scaled):
    """8 / (3 pi) sqrt(n Var W) within 1 % at n = 300, whatever the distribution."""
    random = np.random.default_rng(11)
    spread = np.sqrt(scaled / 300)
    limit = np.sqrt(3) * spread
    draws = {
        "normal": lambda: random.normal(0, spread, (300, 300)),
        "uniform": lambda: random.uniform(-limit, limit, (300, 300)),
    }
    measured = np.linalg.svdvals(draws[draw]()).mean()
    assert mean_singular_value(300, scaled / 300) == pytest.approx(measured, rel=0.01)


def test_mean_singular_values_of_both_inits():
    """0.85 normalized and 0.49 standard; the paper measured about 0.8 and 0.5."""
    both = [
        mean_singular_value(1000, float(initial_variances(init, [1000, 1000])[0][0]))
        for init in ("glorot_normalized", "glorot_standard")
    ]
    np.testing.assert_allclose(both, [0.85, 0.49], atol=0.005)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: activation_variances([3, 4], [0.1, 0.1], 1.0), "widths do not chain: 2 widths"),
        (lambda: delta_variances([3, 0], [0.1], 1.0), "widths must be at least 1"),
        (lambda: activation_variances([3, 4], [np.nan], 1.0), "weight variances must be finite"),
        (lambda: activation_variances([3, 4], [0.1], -1.0), "the input variance must be at least"),
        (lambda: initial_variances("nosuch", [3, 4]), "init=nosuch is unknown"),
    ],
)
def test_bad_variances_get_one_sentence(call, sentence):
    """Widths that do not chain and variances that are none are refused."""
    with pytest.raises(ConfigError, match=sentence):
        call()
