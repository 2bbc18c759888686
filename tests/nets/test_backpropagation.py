"""The written-out back-propagation against a numpy twin, autograd and finite differences."""

import numpy as np
import pytest
import torch

import reference
from depthgauge.nets.activations import activation
from depthgauge.nets.backpropagation import Pass
from depthgauge.nets.costs import COSTS, cost
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.theory import ACTIVATIONS

WIDTHS = [7, 5, 4, 3]  # no two alike: a transposed matrix cannot go unnoticed
SEEDS = [0, 1, 2]


@pytest.fixture
def examples():
    random = np.random.default_rng(11)
    xs = random.normal(size=(6, WIDTHS[0]))
    return xs, np.eye(WIDTHS[-1])[random.integers(0, WIDTHS[-1], 6)]


def passed(network, name, cost_name, xs, ys, scale=1.0):
    run = Pass(network, activation(name), cost(cost_name), len(xs))
    x = torch.from_numpy(xs).to(network.weights[0].dtype).expand(len(SEEDS), -1, -1)
    z = run.forward(x).clone()
    run.backward(torch.from_numpy(ys).to(x.dtype), scale)
    return z, run


def parameters(network, replica):
    weights = [w[replica].numpy() for w in network.weights]
    return weights, [b[replica, 0].numpy() for b in network.biases]


@pytest.mark.parametrize("cost_name", COSTS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_deltas_match_the_numpy_twin(name, cost_name, examples):
    """Every delta of every replica, layer and example agrees with a per-example twin."""
    network = ReplicaNetwork(WIDTHS, SEEDS, "nielsen_default", torch.float64)
    _, run = passed(network, name, cost_name, *examples)
    for replica in range(len(SEEDS)):
        for example, (x, y) in enumerate(zip(*examples, strict=True)):
            twin = reference.deltas(*parameters(network, replica), x, y, name, cost_name)
            for delta, expected in zip(run.deltas, twin, strict=True):
                np.testing.assert_allclose(
                    delta[replica, example], expected, rtol=1e-11, atol=1e-14
                )


@pytest.mark.parametrize("cost_name", COSTS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_deltas_match_autograd(name, cost_name, examples):
    """BP4's gradients equal autograd's of the cost's value, so value and delta belong together."""
    network = ReplicaNetwork(WIDTHS, SEEDS, "glorot_normalized", torch.float64)
    xs, ys = (torch.from_numpy(each) for each in examples)
    _, run = passed(network, name, cost_name, *examples)
    weights = [w.clone().requires_grad_() for w in network.weights]
    functions = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "softsign": torch.nn.functional.softsign,
        "relu": torch.relu,
        "gelu": torch.nn.functional.gelu,
        "linear": torch.clone,
    }
    h = xs.expand(len(SEEDS), -1, -1)
    for index, (w, b) in enumerate(zip(weights, network.biases, strict=True)):
        h = h @ w.mT + b
        h = functions[name](h) if index < len(weights) - 1 else h
    cost(cost_name).value(h, ys).sum().backward()
    inputs = [xs.expand(len(SEEDS), -1, -1), *run.activations]
    for w, delta, a in zip(weights, run.deltas, inputs, strict=False):
        torch.testing.assert_close(delta.mT @ a, w.grad, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("cost_name", COSTS)
def test_values_match_the_numpy_twin(cost_name, examples):
    """The cost computed from z equals the textbook formula of the output."""
    network = ReplicaNetwork(WIDTHS, SEEDS, "nielsen_large", torch.float64)
    z, _ = passed(network, "sigmoid", cost_name, *examples)
    found = cost(cost_name).value(z, torch.from_numpy(examples[1]))
    for replica in range(len(SEEDS)):
        for example, y in enumerate(examples[1]):
            expected = reference.value(cost_name, z[replica, example].numpy(), y)
            assert float(found[replica, example]) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("cost_name", COSTS)
def test_costs_of_huge_preactivations_are_finite(cost_name):
    """No overflow where a careless formula takes log(0)."""
    z = torch.tensor([[1e4, -1e4, 0.0]])
    assert cost(cost_name).value(z, torch.tensor([[0.0, 1.0, 0.0]])).isfinite().all()


def test_bias_gradients_match_finite_differences(examples):
    """dC/db^l = delta^l (BP3), against a central difference of the cost itself."""
    xs, ys = examples
    network = ReplicaNetwork(WIDTHS, SEEDS, "nielsen_default", torch.float64)
    _, run = passed(network, "softsign", "nll", xs, ys)
    weights, biases = parameters(network, 1)
    step = 1e-6
    for layer, unit in [(0, 2), (1, 3), (2, 1)]:
        costs = []
        for sign in (1, -1):
            moved = [b.copy() for b in biases]
            moved[layer][unit] += sign * step
            z = reference.forward(weights, moved, xs[0], "softsign")[0][-1]
            costs.append(reference.value("nll", z, ys[0]))
        slope = (costs[0] - costs[1]) / (2 * step)
        assert float(run.deltas[layer][1, 0, unit]) == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_scale_is_one_factor_a_replica(examples):
    """A scale (R, 1, 1) multiplies every delta of its replica, and of no other."""
    network = ReplicaNetwork(WIDTHS, SEEDS, "nielsen_default", torch.float64)
    _, plain = passed(network, "tanh", "nll", *examples)
    scale = torch.tensor([1.0, 0.5, 4.0], dtype=torch.float64).view(-1, 1, 1)
    _, scaled = passed(network, "tanh", "nll", *examples, scale)
    for one, other in zip(plain.deltas, scaled.deltas, strict=True):
        torch.testing.assert_close(other, one * scale, rtol=1e-12, atol=0)
