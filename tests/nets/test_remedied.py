"""Remedied networks against numpy twins of one network at a time, and finite differences."""

import numpy as np
import pytest
import torch

from depthgauge.errors import ConfigError
from depthgauge.nets.activations import activation
from depthgauge.nets.autograd import AutogradPass
from depthgauge.nets.backpropagation import Pass
from depthgauge.nets.costs import COSTS, cost
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.nets.remedied import Mode, RemediedNetwork, scale_to_unit_variance
from depthgauge.theory.activations import ACTIVATIONS, find_activation

WIDTHS = [7, 5, 5, 4, 3]
SEEDS = [0, 1, 2]
KINDS = [("none", False), ("batch", False), ("layer", False), ("none", True), ("batch", True)]


@pytest.fixture
def examples():
    random = np.random.default_rng(11)
    xs = random.normal(size=(6, WIDTHS[0]))
    return xs, np.eye(WIDTHS[-1])[random.integers(0, WIDTHS[-1], 6)]


def net(function="tanh", normalization="none", residual=False, init="nielsen_default"):
    """Networks whose gains and shifts are not 1 and 0."""
    drawn = ReplicaNetwork(WIDTHS, SEEDS, init, torch.float64)
    network = RemediedNetwork(drawn, activation(function), normalization, residual)
    generator = torch.Generator().manual_seed(5)
    for name, values in network.state_dict().items():
        if name.startswith(("gain", "shift")):
            noise = torch.randn(values.shape, generator=generator, dtype=torch.float64)
            values.add_(0.3 * noise)
    return network


def run(network, xs, ys, mode=Mode.probing, second_order=False):
    passed = AutogradPass(network, cost("nll"), mode, second_order)
    z = passed.forward(torch.from_numpy(xs).expand(len(SEEDS), -1, -1))
    if mode is not Mode.evaluating:
        passed.backward(torch.from_numpy(ys))
    return z, passed


def twin(network, replica, xs, function="tanh"):
    """z^L of one network for a batch, written again in numpy."""
    parts = {name: each[replica].numpy() for name, each in network.state_dict().items()}
    a = xs
    for layer in range(1, len(WIDTHS)):
        z = a @ parts[f"weight_{layer}"].T + parts[f"bias_{layer}"]
        if layer == len(WIDTHS) - 1:
            return z
        if network.normalization != "none":
            axis = 0 if network.normalization == "batch" else 1
            z = (z - z.mean(axis, keepdims=True)) / np.sqrt(z.var(axis, keepdims=True) + 1e-5)
            z = parts[f"gain_{layer}"] * z + parts[f"shift_{layer}"]
        step = find_activation(function).value(z)
        a = a + step if network.residual and a.shape == step.shape else step
    raise AssertionError


def mean_cost(z, ys):
    return (np.log(np.exp(z).sum(1)) - (z * ys).sum(1)).mean()


@pytest.mark.parametrize("function", ACTIVATIONS)
@pytest.mark.parametrize(("normalization", "residual"), KINDS)
def test_outputs_match_the_numpy_twin(function, normalization, residual, examples):
    """Every activation, normalization and connection, in every replica."""
    network = net(function, normalization, residual)
    z, _ = run(network, *examples)
    for replica in range(len(SEEDS)):
        expected = twin(network, replica, examples[0], function)
        np.testing.assert_allclose(z[replica], expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("cost_name", COSTS)
@pytest.mark.parametrize("function", ACTIVATIONS)
def test_plain_deltas_match_the_written_out_engine(function, cost_name, examples):
    """Two engines, one set of deltas and activations."""
    network = net(function)
    x, y = torch.from_numpy(examples[0]).expand(len(SEEDS), -1, -1), torch.from_numpy(examples[1])
    ours = AutogradPass(network, cost(cost_name), Mode.probing)
    other = Pass(network, activation(function), cost(cost_name), len(y))
    for each in (ours, other):
        each.forward(x)
        each.backward(y, 0.7)
    for name in ("deltas", "activations"):
        pairs = zip(getattr(ours, name)[:-1], getattr(other, name)[:-1], strict=True)
        for found, expected in pairs:
            torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(("normalization", "residual"), KINDS)
def test_gradients_match_finite_differences(normalization, residual, examples):
    """Of every learned number of one replica; the sum of deltas is that of the bias."""
    network = net("tanh", normalization, residual)
    _, passed = run(network, *examples, mode=Mode.learning)
    for layer, delta in enumerate(passed.deltas, start=1):
        bias = passed.gradients[len(WIDTHS) - 2 + layer]
        torch.testing.assert_close(delta.mean(dim=1), bias.squeeze(1), rtol=1e-9, atol=1e-12)
    for learned, gradient in zip(network.learned, passed.gradients, strict=True):
        flat = learned[1].view(-1)
        for index in range(0, len(flat), 3):
            before = float(flat[index])
            costs = []
            for value in (before + 1e-6, before - 1e-6):
                flat[index] = value
                costs.append(mean_cost(twin(network, 1, examples[0]), examples[1]))
            flat[index] = before
            slope = (costs[0] - costs[1]) / 2e-6
            assert float(gradient[1].reshape(-1)[index]) == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_curvatures_match_differences_of_gradients(examples):
    """H z is how the gradient changes along z; the estimate is z times that."""
    network = net()
    _, passed = run(network, *examples, mode=Mode.learning, second_order=True)
    generator = torch.Generator().manual_seed(3)
    signs = [torch.randint(0, 2, p.shape, generator=generator).double() * 2 - 1
             for p in network.learned]  # fmt: skip
    found = passed.curvatures(signs)
    gradients = []
    for sign in (1, -2):
        for learned, z in zip(network.learned, signs, strict=True):
            learned.add_(sign * 1e-5 * z)
        gradients.append(run(network, *examples, mode=Mode.learning)[1].gradients)
    for each, above, below, z in zip(found, *gradients, signs, strict=True):
        torch.testing.assert_close(each, z * (above - below) / 2e-5, rtol=1e-4, atol=1e-7)


def test_running_statistics_are_those_of_the_mini_batches(examples):
    """An exponential mean of the batches' means; only learning passes count, and no replica mixes.

    In an evaluation an example's answer does not depend on the others.
    """
    network = net(normalization="batch")
    xs, ys = examples
    for part in (slice(0, 3), slice(3, 6)):
        run(network, xs[part], ys[part], Mode.learning)
    run(network, xs, ys, Mode.probing)
    for replica in range(len(SEEDS)):
        w = network.weights[0][replica].numpy()
        z = xs @ w.T + network.biases[0][replica].numpy()
        expected = 0.9 * 0.1 * z[:3].mean(0) + 0.1 * z[3:].mean(0)
        np.testing.assert_allclose(network.get_buffer("mean_1")[replica, 0], expected, rtol=1e-10)
        expected = 0.81 + 0.09 * z[:3].var(0) + 0.1 * z[3:].var(0)
        found = network.get_buffer("variance_1")[replica, 0]
        np.testing.assert_allclose(found, expected, rtol=1e-10)
    together, _ = run(network, xs, ys, Mode.evaluating)
    alone, _ = run(network, xs[2:3], ys[2:3], Mode.evaluating)
    torch.testing.assert_close(together[:, 2:3], alone)


def test_unit_variance_is_given_to_every_layer_of_every_replica(examples):
    """After LSUV the sums of each layer deviate by 1 over the images."""
    network = net("relu", init="orthogonal")
    x = torch.from_numpy(examples[0]).expand(len(SEEDS), -1, -1)
    scale_to_unit_variance(network, x)
    sums, _ = network.respond(x, network.learned, Mode.probing)
    for z in sums:
        torch.testing.assert_close(z.flatten(1).std(dim=1), torch.ones(len(SEEDS)).double())


@pytest.mark.parametrize(("name", "key"), [("nosuch", "tanh"), ("none", "nosuch")])
def test_unknown_names_list_the_known_ones(name, key):
    """One sentence, with what there is to choose from."""
    with pytest.raises(ConfigError, match=r"=nosuch is unknown; choose one of .+, "):
        net(key, name)
