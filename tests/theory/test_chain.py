"""The one-neuron chain against finite differences, the full recursion and Nielsen's numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depthgauge.errors import ConfigError
from depthgauge.theory import (
    ACTIVATIONS,
    chain_bias_gradients,
    chain_derivatives,
    chain_factors,
    chain_pre_activations,
    chain_tolerance,
    exploding_chain,
    find_activation,
    first_to_third,
)


def drawn(depth, seed=0, chains=()):
    random = np.random.default_rng(seed)
    shape = (*chains, depth)
    return random.normal(size=shape), random.normal(size=shape), random.uniform(size=chains)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softsign", "gelu"])
def test_bias_gradients_match_finite_differences(name):
    """The product of eqs. 114-122 is the derivative of C = (a_L - y)^2 / 2 to every bias."""
    weights, biases, inputs = drawn(5)
    f = find_activation(name).value

    def output(b):
        return f(chain_pre_activations(weights, b, inputs, name)[-1])

    y, step = 0.3, 1e-6  # rounding of C over the step: about 1e-10
    numeric = []
    for neuron in range(5):
        shift = step * np.eye(5)[neuron]
        up, down = (output(biases + sign * shift) for sign in (1, -1))
        numeric.append(((up - y) ** 2 - (down - y) ** 2) / (4 * step))
    z = chain_pre_activations(weights, biases, inputs, name)
    exact = chain_bias_gradients(weights, z, output(biases) - y, name)
    np.testing.assert_allclose(exact, numeric, rtol=1e-6, atol=1e-9)


@settings(deadline=None, derandomize=True)
@given(
    st.integers(3, 60),
    st.integers(0, 2**32 - 1),
    st.sampled_from([name for name in ACTIVATIONS if name != "relu"]),
)
def test_first_is_the_ratio_times_third(depth, seed, name):
    """dC/db_1 = ratio * dC/db_3 for every depth, draw and activation."""
    weights, biases, inputs = drawn(depth, seed, (4,))
    z = chain_pre_activations(weights, biases, inputs, name)
    gradients = chain_bias_gradients(weights, z, np.ones(4), name)
    ratio = first_to_third(weights, z, name)
    np.testing.assert_allclose(gradients[:, 0], ratio * gradients[:, 2], rtol=1e-12, atol=1e-300)


def test_two_small_factors_cost_a_factor_of_sixteen():
    """With |w_j| <= 1 each |w_j sigma'| is at most 1/4, so dC/db_1 <= dC/db_3 / 16; 16 is sharp."""
    weights, biases, inputs = drawn(6, 1, (1000,))
    weights = np.clip(weights, -1, 1)
    z = chain_pre_activations(weights, biases, inputs)
    assert (np.abs(chain_factors(weights, z)) <= 1 / 4).all()
    assert (np.abs(first_to_third(weights, z)) <= 1 / 16).all()
    assert first_to_third(np.ones(3), np.zeros(3)) == 1 / 16


@pytest.mark.parametrize("inputs", [0.0, 0.37, -5.0])
@pytest.mark.parametrize("depth", [1, 2, 4, 50])
def test_every_factor_of_the_exploding_chain_is_25(depth, inputs):
    """All z_j are 0 and all w_j sigma'(z_j) are 25, at any depth and any a_0."""
    weights, biases = exploding_chain(depth, inputs)
    z = chain_pre_activations(weights, biases, inputs)
    np.testing.assert_array_equal(z, 0)
    np.testing.assert_array_equal(chain_factors(weights, z), 25)
    gradients = chain_bias_gradients(weights, z, 1.0)
    np.testing.assert_allclose(gradients, 25.0 ** np.arange(depth - 1, -1, -1) / 4, rtol=1e-13)


def test_exploding_biases_are_the_chapters():
    """b_1 = -100 a_0 and, behind sigma(0) = 1/2, b_j = -50."""
    weights, biases = exploding_chain(3, 0.8)
    np.testing.assert_array_equal(weights, 100)
    np.testing.assert_allclose(biases, [-80, -50, -50])


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: chain_pre_activations([1, 2], [1], 0), "2 weights and 1 biases"),
        (lambda: chain_pre_activations([], [], 0), "0 weights"),
        (lambda: chain_factors([np.nan], [0]), "weights must be finite"),
        (lambda: chain_factors([1], [0], "step"), "activation=step is unknown"),
        (lambda: first_to_third([1, 2], [0, 0]), "needs 3 neurons"),
        (lambda: exploding_chain(0, 0.5), "depth of 1 or more"),
    ],
)
def test_bad_chains_get_one_sentence(call, sentence):
    """What cannot be a chain is refused with the reason."""
    with pytest.raises(ConfigError, match=sentence):
        call()


def test_complex_step_and_product_are_the_same_derivative_within_rounding():
    """Equation 122 against a derivative without a chain rule; a wrong factor is far outside."""
    random = np.random.default_rng(4)
    w, b, a0 = random.normal(size=(300, 12)), random.normal(size=(300, 12)), random.random(300)
    z = chain_pre_activations(w, b, a0)
    product = chain_bias_gradients(w, z, np.ones(300))[:, 0]
    gap = np.abs(product / chain_derivatives(w, b, a0) - 1)
    allowed = chain_tolerance(w, z)
    assert (gap <= allowed).all()
    assert allowed.max() < 1e-13


def test_complex_step_of_one_neuron_is_the_slope():
    """da_1/db_1 = sigma'(z_1)."""
    z = 0.3 * 2.0 - 1.0
    expected = np.exp(-z) / (1 + np.exp(-z)) ** 2
    assert chain_derivatives([2.0], [-1.0], 0.3) == pytest.approx(expected, rel=1e-14)
