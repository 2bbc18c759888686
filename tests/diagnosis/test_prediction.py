"""Theory's signal against its own closed forms, published nets, and a simulation in numpy."""

import itertools
import math

import numpy as np
import pytest
from synthetic import changed

from depthgauge.diagnosis.prediction import predict_signals, predicted_sites
from depthgauge.diagnosis.profile import total_decades
from depthgauge.diagnosis.readings import Kind, Parts, Site
from depthgauge.theory import shrink_per_layer


def net(widths, activation, weight_variances, bias_variance=0.0):
    """Sites of a dense chain, input side first; widths begin with the inputs'."""
    layers = len(widths) - 1
    return tuple(
        Site(
            f"layer{k}",
            Kind.linear,
            layers - 1 - k,
            f"layer{k}",
            units=widths[k + 1],
            output=k == layers - 1,
            activation=activation if k < layers - 1 else None,
            fan_in=widths[k],
            weight_variance=weight_variances[k],
            bias_variance=bias_variance,
        )
        for k in range(layers)
    )


def standard(widths):
    """Var W = 1 / (3 n_in): Glorot and Bengio's standard initialization, PyTorch's default."""
    return [1 / (3 * n) for n in widths[:-1]]


def per_layer(signals, last, first):
    return 10 ** ((signals[f"layer{last}"] - signals[f"layer{first}"]) / (last - first))


def test_pytorchs_default_tanh_net_shrinks_by_1745_per_mille_a_layer():
    """Deep down, where lengths have settled, it is the fixed point's factor, 1.745."""
    widths = [64] * 13 + [10]
    signals = predict_signals(net(widths, "tanh", standard(widths), 1 / (3 * 64)))
    expected = shrink_per_layer("tanh", 1 / 3, 1 / (3 * 64))
    assert expected == pytest.approx(1.745, abs=5e-4)
    assert per_layer(signals, 10, 9) == pytest.approx(expected, rel=1e-3)


def test_twenty_standard_tanh_layers():
    """-4.92 decades for inputs of mean square 1, of which -4.77 are the weights' 3^(-20/2)."""
    widths = [64] * 21 + [64]
    signals = predict_signals(net(widths, "tanh", standard(widths)))
    assert signals["layer0"] == pytest.approx(-4.92, abs=0.03)
    short = predict_signals(net(widths, "tanh", standard(widths)), input_square=1e-8)
    assert short["layer0"] == pytest.approx(-10 * math.log10(3), abs=1e-6)


def test_nielsens_sigmoid_net_of_four_hidden_layers():
    widths = [64, 30, 30, 30, 30, 10]
    sites = net(widths, "sigmoid", [1 / n for n in widths[:-1]], 1.0)
    assert predict_signals(sites)["layer0"] == pytest.approx(-2.754, abs=0.06)
    assert total_decades(predicted_sites(sites)) == pytest.approx(-2.754, abs=0.06)


def test_he_initialized_relu_carries():
    widths = [64] * 21 + [10]
    sites = net(widths, "relu", [2 / n for n in widths[:-1]])
    assert predict_signals(sites)["layer0"] == pytest.approx(0.0, abs=1e-9)


def test_a_linear_net_follows_the_product_of_its_weights_variances():
    """Unequal widths, so that fan-in and fan-out cannot be exchanged unnoticed."""
    widths = [7, 40, 11, 90, 5]
    variances = [0.3, 0.05, 0.2, 0.04]
    signals = predict_signals(net(widths, "linear", variances))
    expected = 0.5 * math.log10(40 * 0.05 * 11 * 0.2 * 90 * 0.04)
    assert signals["layer0"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("activation", "slope", "gain"),
    [
        (np.tanh, lambda z: 1 / np.cosh(z) ** 2, 1 / 3),
        (lambda z: np.maximum(z, 0), lambda z: z > 0, 1.0),
    ],
    ids=["tanh", "relu"],
)
def test_within_a_tenth_of_a_decade_of_a_simulation_over_20_layers_of_64(activation, slope, gain):
    """Back-propagation written out in numpy, uniform weights, biases too; mean over 40 nets."""
    rng = np.random.default_rng(5)
    widths, bias = [64] * 21 + [10], math.sqrt(1 / 64)
    found, predicted = [], []
    for _ in range(40):
        weights = [rng.uniform(-1, 1, (m, n)) * math.sqrt(3 * gain / n) for n, m in _pairs(widths)]
        biases = [rng.uniform(-bias, bias, m) for m in widths[1:]]
        found.append(_signal_by_hand(weights, biases, activation, slope, rng))
        variances = [(w**2).mean() for w in weights]
        name = "tanh" if activation is np.tanh else "relu"
        sites = net(widths, name, variances, float(np.mean([(b**2).mean() for b in biases])))
        predicted.append(predict_signals(sites)["layer0"])
    spread = np.std(np.array(found) - predicted, ddof=1) / math.sqrt(40)
    assert np.mean(found) == pytest.approx(np.mean(predicted), abs=0.1)
    assert spread < 0.05


def _pairs(widths):
    return itertools.pairwise(widths)


def _signal_by_hand(weights, biases, activation, slope, rng):
    """Decades from the output's delta, drawn at random, to the first layer's."""
    a, zs = rng.normal(size=(100, 64)), []
    for w, b in zip(weights, biases, strict=True):
        zs.append(a @ w.T + b)
        a = activation(zs[-1])
    delta = rng.normal(size=zs[-1].shape)
    last = (delta**2).sum()
    for z, w in zip(zs[-2::-1], weights[:0:-1], strict=True):
        delta = slope(z) * (delta @ w)
    return 0.5 * math.log10((delta**2).sum() / last)


@pytest.mark.parametrize(
    "facts",
    [
        {"activation": None},
        {"activation": "an unknown one"},
        {"weight_variance": None},
        {"weight_variance": math.nan},
        {"kind": Kind.attention},
        {"depth": 1},
        {"parts": Parts(normalization=0.1)},
        {"parts": Parts(residual=0.1)},
    ],
)
def test_what_theory_does_not_know_is_not_predicted(facts):
    widths = [8, 8, 8, 8, 2]
    sites = net(widths, "tanh", standard(widths))
    assert predict_signals(sites) is not None
    assert predict_signals(changed(sites, 1, **facts)) is None


def test_weights_of_zero_pass_nothing():
    widths = [8, 8, 8, 2]
    signals = predict_signals(net(widths, "tanh", [0.1, 0.0, 0.1]))
    assert signals["layer0"] == -math.inf and math.isfinite(signals["layer1"])
