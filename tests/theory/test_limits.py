"""The least that a formula takes is taken, and what lies just below is refused."""

import numpy as np
import pytest

from depthgauge.errors import ConfigError
from depthgauge.theory import (
    activation_variances,
    bound_tolerance,
    first_to_third,
    initial_variances,
    insert_identity_layer,
    length_profile,
    mean_singular_value,
    rank_one_tolerance,
    tightness,
)
from depthgauge.theory.arrays import FLOAT64


@pytest.mark.parametrize(
    "call",
    [
        lambda: first_to_third(np.ones((1, 3)), np.zeros((1, 3))),
        lambda: tightness([0.0], [0.0]),
        lambda: initial_variances("he", [1, 1]),
        lambda: mean_singular_value(1, 0.0),
        lambda: activation_variances([1, 1], [0.0], 0.0),
    ],
)
def test_the_least_is_taken(call):
    """A stack of one chain of three, nothing at all, one unit, weights that are all 0."""
    found = call()
    assert np.isfinite(found[0] if isinstance(found, tuple) else found).all()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: first_to_third(np.ones((5, 2)), np.zeros((5, 2))), "the chain has 2"),
        (lambda: tightness([-0.5], [1.0]), "norms must be at least 0"),
        (lambda: tightness([1.0], [-0.5]), "bounds must be at least 0"),
        (lambda: initial_variances("he", [0.5, 1]), "widths must be at least 1"),
        (lambda: mean_singular_value(0.5, 1.0), "widths must be at least 1"),
        (lambda: mean_singular_value(3, -0.5), "weight variances must be at least 0"),
        (lambda: length_profile(1.0, "tanh", [-0.5], 0.0), "weight variances must be at least 0"),
        (lambda: activation_variances([1, 1], [-0.5], 1.0), "weight variances must be at least 0"),
        (lambda: activation_variances([1, 1], [1.0], -0.5), "input variance must be at least 0"),
    ],
)
def test_what_is_just_below_is_refused(call, sentence):
    """By its name."""
    with pytest.raises(ConfigError, match=sentence):
        call()


@pytest.mark.parametrize("position", [0, 2])
def test_identity_neurons_follow_hidden_layers_alone(position):
    """Not the inputs, not the output layer; the sentence says which there are."""
    weights, biases = [np.ones((3, 4)), np.ones((2, 3))], [np.ones(3), np.ones(2)]
    with pytest.raises(ConfigError, match=rf"layer {position}: choose a hidden layer, 1 to 1"):
        insert_identity_layer(weights, biases, position, 0.1)


def test_a_mean_costs_one_rounding_an_example():
    """epsilon / 2 for each, and one example where nothing is said."""
    widths = [784, 30, 30, 10]
    assert bound_tolerance(widths) == bound_tolerance(widths, 1)
    more = bound_tolerance(widths, 1001) - bound_tolerance(widths, 1)
    assert more == pytest.approx(1000 * FLOAT64 / 2, rel=1e-9)


def test_roundings_of_a_rank_one_product_are_counted():
    """Half of 784 x 30, of 784 and of 30; a dozen; four halves of 784: each epsilon / 2."""
    roundings = 11_760 + 392 + 15 + 12 + 2 * 784
    assert rank_one_tolerance(30, 784) == pytest.approx(roundings * FLOAT64 / 2, rel=1e-15)
    assert rank_one_tolerance(784, 30) == rank_one_tolerance(30, 784)
