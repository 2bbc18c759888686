"""Mean field against adaptive quadrature, closed forms and wide simulated nets."""

import time

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from depthgauge.errors import ConfigError
from depthgauge.theory import (
    ACTIVATIONS,
    Net,
    deltas,
    factor_per_layer,
    find_activation,
    fixed_length,
    forward,
    gradient_map,
    gradient_profile,
    initial_variances,
    length_map,
    length_profile,
    shrink_per_layer,
)


def expected_square(function, length):
    """E g(sqrt(q) z)^2 by adaptive quadrature on either side of a kink at 0."""
    return sum(
        quad(
            lambda z: norm.pdf(z) * float(function(np.array(np.sqrt(length) * z))) ** 2,
            *ends,
            epsabs=0,
            epsrel=1e-12,
            limit=400,
            points=[sign * 3 / max(1, np.sqrt(length)) for sign in np.sign(ends) if sign],
        )[0]
        for ends in ((-12, 0), (0, 12))
    )


@pytest.mark.parametrize("length", [1e-6, 0.3, 1.3, 40.0, 1e4])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_maps_match_adaptive_quadrature(name, length):
    """q' and chi for every activation, short and long signals alike."""
    chosen = find_activation(name)
    exact = 1.7 * expected_square(chosen.value, length) + 0.2
    assert length_map(length, name, 1.7, 0.2) == pytest.approx(exact, rel=1e-11)
    chi = 1.7 * expected_square(chosen.slope, length)
    assert gradient_map(length, name, 1.7) == pytest.approx(chi, rel=1e-10)


@pytest.mark.parametrize("length", [0.0, 1e-9, 2.0, 1e6])
def test_relu_and_linear_maps_are_closed_forms(length):
    """relu halves the square and the slope's square, at q -> 0 too; linear keeps both."""
    assert length_map(length, "relu", 2.0, 0.3) == pytest.approx(length + 0.3, rel=1e-13)
    assert gradient_map(length, "relu", 2.0) == pytest.approx(1.0, rel=1e-13)
    assert length_map(length, "linear", 2.0, 0.3) == pytest.approx(2 * length + 0.3, rel=1e-13)
    assert gradient_map(length, "linear", 2.0) == pytest.approx(2.0, rel=1e-13)


def test_nielsens_nets_shrink_by_488_per_layer():
    """chi(q*)^(-1/2) with q* = 1 + E sigma^2, iterated by another quadrature: 4.9, 23.8, 116."""
    sigmoid = find_activation("sigmoid")
    q = 1.0
    for _ in range(40):
        q = 1 + expected_square(sigmoid.value, q)
    factor = expected_square(sigmoid.slope, q) ** -0.5
    assert fixed_length("sigmoid", 1.0, 1.0) == pytest.approx(q, rel=1e-10)
    assert shrink_per_layer("sigmoid", 1.0, 1.0) == pytest.approx(factor, rel=1e-10)
    np.testing.assert_allclose(factor ** np.arange(1, 4), [4.88, 23.8, 116], rtol=0.004)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softsign"])
@pytest.mark.parametrize(("weight", "bias"), [(0.5, 0.1), (1.0, 1.0), (3.0, 0.0), (1.2, 0.0)])
def test_fixed_length_is_where_iteration_ends(name, weight, bias):
    """Iterating the map from above and from below ends at q*."""
    found = fixed_length(name, weight, bias)
    for start in (1e-3, 50.0):
        q = start
        for _ in range(500):
            q = length_map(q, name, weight, bias)
        assert q == pytest.approx(found, rel=1e-8, abs=1e-12)


def test_short_signals_die_or_keep_their_length():
    """q* is 0 for tanh up to a weight variance of 1, above 0 beyond; relu at 2 keeps chi at 1."""
    assert fixed_length("tanh", 1.0, 0.0) == 0
    assert shrink_per_layer("tanh", 1 / 3, 0.0) == pytest.approx(3**0.5)
    assert fixed_length("tanh", 1.001, 0.0) > 0
    assert fixed_length("relu", 1.0, 0.5) == pytest.approx(1.0)
    assert shrink_per_layer("relu", 2.0, 0.0) == pytest.approx(1.0)
    assert shrink_per_layer("sigmoid", 0.0, 1.0) == np.inf


SIMULATED = [
    ("sigmoid", "nielsen_default"),
    ("tanh", "glorot_normalized"),
    ("tanh", "glorot_standard"),
    ("softsign", "glorot_standard"),
    ("relu", "nielsen_default"),
]


@pytest.mark.parametrize(("name", "init"), SIMULATED)
def test_profiles_match_simulated_nets(name, init):
    """Lengths and delta norms of 20 wide nets, widths unequal, within five standard errors."""
    widths = [150, 300, 240, 300, 260, 200, 50]
    variances, bias = initial_variances(init, widths)
    spreads = np.array(widths[:-1]) * variances
    random = np.random.default_rng(5)
    inputs = random.uniform(size=(1, widths[0]))
    lengths = length_profile(float((inputs**2).mean()), name, spreads, bias)
    predicted = gradient_profile(lengths, name, spreads)
    squares, norms = [], []
    for _ in range(20):
        shapes = zip(widths[1:], widths, variances, strict=False)
        weights = [np.sqrt(v) * random.normal(size=(m, n)) for m, n, v in shapes]
        biases = [np.sqrt(bias) * random.normal(size=m) for m in widths[1:]]
        net = Net(weights, biases, name, "nll")
        squares.append([(z**2).mean() for z in forward(net, inputs)[0]])
        found = deltas(net, inputs, np.eye(50)[:1])
        norms.append([np.linalg.norm(d) / np.linalg.norm(found[-1]) for d in found])
    for samples, theory in ((squares, lengths), (norms, predicted)):
        mean, error = np.mean(samples, axis=0), np.std(samples, axis=0, ddof=1) / np.sqrt(20)
        assert (np.abs(mean / theory - 1) < 5 * error / mean + 0.02).all()  # 1/width is left out
        assert (error / mean < 0.1).all()


def test_deep_profile_has_the_slope_of_the_fixed_point():
    """Far from both ends the profile falls by shrink_per_layer a layer."""
    lengths = length_profile(0.1, "sigmoid", np.ones(50), 1.0)
    profile = gradient_profile(lengths, "sigmoid", np.ones(50))
    factor = shrink_per_layer("sigmoid", 1.0, 1.0)
    assert factor_per_layer(profile[20:40]) == pytest.approx(factor, rel=1e-9)
    assert lengths[-1] == pytest.approx(fixed_length("sigmoid", 1.0, 1.0), rel=1e-9)


def test_fifty_layer_grid_takes_less_than_a_second():
    """Six activations x four inits x 50 layers: fixed points, profiles and slopes."""
    widths = [784, *[100] * 49, 10]
    start = time.process_time()
    for name in ACTIVATIONS:
        for init in ("nielsen_default", "nielsen_large", "glorot_standard", "glorot_normalized"):
            variances, bias = initial_variances(init, widths)
            spreads = np.array(widths[:-1]) * variances
            lengths = length_profile(0.1, name, np.minimum(spreads, 1.9), bias)
            factor_per_layer(gradient_profile(lengths, name, spreads))
            if name in ("sigmoid", "tanh", "softsign"):
                shrink_per_layer(name, spreads[1], bias)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: fixed_length("step", 1.0, 1.0), "activation=step is unknown"),
        (lambda: fixed_length("relu", 2.5, 0.0), "relu grows without end at a weight variance"),
        (lambda: fixed_length("relu", 2.0, 1e-5), "grows without end"),
        (lambda: length_map(1.0, "tanh", -1.0, 0.0), "weight variances must be at least 0"),
        (lambda: gradient_map(np.nan, "tanh", 1.0), "lengths must be finite"),
        (lambda: gradient_profile([1.0, 1.0], "tanh", [1.0]), "do not chain"),
    ],
)
def test_bad_predictions_get_one_sentence(call, sentence):
    """Unknown activations, impossible variances and lengths that do not fit are refused."""
    with pytest.raises(ConfigError, match=sentence):
        call()
