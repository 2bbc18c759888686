"""The chain procedure against loops over neurons, finite differences and the grid of a curve."""

from dataclasses import replace

import numpy as np
import pytest

from depthgauge.config import Experiment, Gradients
from depthgauge.errors import ConfigError
from depthgauge.nets.initializers import initial_layer
from depthgauge.theory import steep_width
from depthgauge.training import chain
from depthgauge.training.block import Block, Task
from depthgauge.training.limits import CHECKS
from depthgauge.training.steepness import measured_steepness

FOUR = Experiment(
    procedure="chain", hidden=[1, 1, 1], init="nielsen_large", gradients=Gradients(every=0)
)


@pytest.fixture
def measure(small_data, tmp_path):
    def run(seeds, experiment=FOUR):
        block = Block(experiment, [(seed, 0.1) for seed in seeds], "key", "cell")
        return chain.run(Task(block, small_data, "cpu", tmp_path, lambda block, steps: []))

    return run


def test_factors_and_gradients_match_a_loop_over_neurons(measure):
    """Each neuron's w sigma'(z), and dC/db_l by finite differences of the whole chain."""
    record = measure([5])
    layers = [initial_layer("nielsen_large", 5, layer, 1, 1) for layer in range(1, 5)]
    weights, biases = ([each.item() for each in part] for part in zip(*layers, strict=True))

    def output(b):
        a, zs = chain._input(5), []
        for w, each in zip(weights, b, strict=True):
            zs.append(w * a + each)
            a = 1 / (1 + np.exp(-zs[-1]))
        return a, zs

    _, zs = output(biases)
    slopes = [np.exp(-z) / (1 + np.exp(-z)) ** 2 for z in zs]
    assert record["chain_factor"].values[0] == pytest.approx(np.multiply(weights, slopes))
    for layer in range(4):
        up, down = (np.array(biases) + sign * 1e-5 * np.eye(4)[layer] for sign in (1, -1))
        difference = (output(up)[0] - output(down)[0]) / 2e-5
        assert record["chain_bias_gradient"].values[0, layer] == pytest.approx(difference, rel=1e-5)


def test_the_product_is_the_derivative_to_rounding(measure):
    """Equation 122 against the complex step: the same to a dozen digits, in every chain."""
    record = measure(range(50))
    product, derivative = record["chain_bias_gradient"].values[:, 0], record["chain_derivative"]
    assert product == pytest.approx(derivative.values, rel=1e-13)


def test_weights_of_a_hundred_explode_whatever_the_input(measure):
    """Every factor is 25, so the first gradient is 25^3 times the last one's."""
    record = measure(range(3))
    assert (record["exploding_factor"].values == 25).all()
    gradient = record["exploding_bias_gradient"].values
    assert (gradient[:, 0] / gradient[:, 3] == 25**3).all()


def test_a_chain_is_the_same_in_company(measure):
    """Seed 2 alone and among four gives the same bits."""
    alone, among = measure([2]), measure(range(4))
    for name in alone.data_vars:
        assert (alone[name].values[0] == among[name].values[2]).all(), name


def test_steep_intervals_are_measured_without_the_formula():
    """Widths agree with eq. 123 and with counting the points of a fine grid; none below 4."""
    weights, biases = np.array([3.95, 5.0, 6.9, 12.0]), np.array([[0.7], [-1.3]])
    widths, peaks = measured_steepness(weights, biases)
    assert widths[0] == pytest.approx(steep_width(weights), abs=1e-7)
    assert widths[1] == pytest.approx(widths[0], abs=1e-7)
    assert peaks[0] == pytest.approx(weights / 4)
    a = np.linspace(-3, 3, 600_001)
    s = 1 / (1 + np.exp(-(6.9 * a - 1.3)))
    assert widths[1, 2] == pytest.approx((6.9 * s * (1 - s) >= 1).sum() * 1e-5, abs=2e-5)


@pytest.mark.parametrize("wrong", [{"hidden": [1, 2]}, {"init": "none"}])
def test_what_is_no_chain_is_refused(small_data, wrong):
    """One sentence before anything is computed."""
    with pytest.raises(ConfigError):
        CHECKS["chain"](replace(FOUR, **wrong), small_data)
    CHECKS["chain"](FOUR, small_data)
