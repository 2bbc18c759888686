"""Identity neurons against a search over inputs, weights and biases."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import differential_evolution
from scipy.special import expit

from depthgauge.errors import ConfigError
from depthgauge.theory import (
    Net,
    forward,
    identity_error,
    identity_neuron,
    insert_identity_layer,
    literal_identity,
)

X = np.linspace(0, 1, 1001)


@pytest.mark.parametrize("weight", [0.05, 0.079, 0.081, 0.5, 3.0, 40.0])
def test_error_is_the_largest_on_a_grid(weight):
    """The closed form is sup |f(x) - x| on [0, 1], on both sides of its switch to a series."""
    largest = np.abs(identity_neuron(X, weight) - X).max()
    assert identity_error(weight) == pytest.approx(largest, rel=1e-8)


@pytest.mark.parametrize("weight", [1e-6, 1e-3, 0.1])
def test_error_tends_to_the_square_over_96(weight):
    """error = w_1^2/96 (1 + O(w_1^2))."""
    assert identity_error(weight) == pytest.approx(weight**2 / 96, rel=weight**2 / 30 + 1e-12)


def test_literal_form_is_the_best_of_a_global_search():
    """No w_2 sigma(w_1 x + b) beats the returned error, which w_2 = 1, b = -w_1/2 attains."""
    weight, error = literal_identity()
    assert 5 < weight < 6
    assert np.abs(expit(weight * (X - 0.5)) - X).max() == pytest.approx(error, abs=1e-6)
    found = differential_evolution(
        lambda p: np.abs(p[2] * expit(p[0] * X + p[1]) - X).max(),
        [(-15, 15), (-15, 15), (-5, 5)],
        rng=np.random.default_rng(0),
        tol=1e-10,
    )
    assert found.fun == pytest.approx(error, abs=1e-5)


def test_literal_form_stays_above_0056():
    """The least sup norm is 0.0561: w_1 = 5.4 gives the quoted 0.063, and it is not the least."""
    weight, error = literal_identity()
    assert error == pytest.approx(0.05605, abs=1e-5)
    assert weight == pytest.approx(5.648, abs=1e-3)
    assert np.abs(expit(5.4 * (X - 0.5)) - X).max() == pytest.approx(0.063, abs=1e-4)


@pytest.mark.parametrize("position", [1, 2])
@pytest.mark.parametrize("weight", [1.0, 0.1, 0.01])
def test_inserted_layer_changes_little(position, weight):
    """The next layer's z move by at most identity_error * sum |w|, which falls as w_1^2."""
    random = np.random.default_rng(3)
    widths = [6, 5, 4, 3]
    weights = [random.normal(size=(m, n)) for n, m in pairwise(widths)]
    biases = [random.normal(size=m) for m in widths[1:]]
    inputs = random.uniform(size=(20, 6))
    before = forward(Net(weights, biases), inputs)[0]
    deeper = Net(*insert_identity_layer(weights, biases, position, weight))
    after = forward(deeper, inputs)[0]
    assert len(after) == len(before) + 1
    allowed = identity_error(weight) * np.abs(weights[position]).sum(axis=1)
    moved = np.abs(after[position + 1] - before[position])
    assert (moved <= allowed + 1e-12).all()
    assert moved.max() > 0


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: identity_neuron(X, 0.0), "above 0"),
        (lambda: identity_error(-1.0), "at least 0"),
        (lambda: identity_neuron([np.nan], 1.0), "finite"),
        (lambda: insert_identity_layer([np.eye(2)], [np.zeros(2)], 1, 0.1), "hidden layer"),
    ],
)
def test_bad_identities_get_one_sentence(call, sentence):
    """Weights that pass nothing on, and layers that are not hidden, are refused."""
    with pytest.raises(ConfigError, match=sentence):
        call()
