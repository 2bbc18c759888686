"""A step size for each parameter: curvature against finite differences, steps against numpy."""

import itertools
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
import xarray as xr

import reference
from depthgauge.config import Curvature, Precision, StepSizes
from depthgauge.datasets.batches import step_indices
from depthgauge.errors import ConfigError
from depthgauge.nets.activations import activation
from depthgauge.nets.backpropagation import Pass
from depthgauge.nets.costs import cost
from depthgauge.nets.curvature import SecondPass, bias_curvature, weight_curvature
from depthgauge.nets.initializers import initial_layer
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.training.block import Block, Task
from depthgauge.training.descent import build_module
from depthgauge.training.diagonal_newton import DiagonalNewton
from depthgauge.training.limits import CHECKS
from depthgauge.training.second_order import run
from depthgauge.training.torch_engine import TorchEngine


@pytest.fixture
def curved(experiment):
    """A tanh net with softmax outputs, in double precision, its curvature renewed every 3 steps."""
    return replace(
        experiment,
        procedure="second_order",
        activation="tanh",
        cost="nll",
        l2=0.0,
        steps=20,
        precision=Precision.float64,
        gradients=replace(experiment.gradients, every=5),
        step_sizes=StepSizes(every=3, memory=0.7, damping=0.2),
    )


def trained(experiment, replicas, data, folder):
    return run(Task(Block(experiment, replicas, "key", "cell"), data, "cpu", folder, lambda *_: []))


def passed(widths, seeds, x, y, activation_name, cost_name):
    """Networks of random weights, and curvature after one pass over the same examples."""
    network = ReplicaNetwork(widths, seeds, "nielsen_large", torch.float64)
    first = Pass(network, activation(activation_name), cost(cost_name), len(x))
    first.forward(torch.tensor(x).expand(len(seeds), -1, -1))
    first.backward(torch.tensor(y))
    return network, first, SecondPass(first).backward()


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softsign"])
def test_curvature_is_the_gauss_newton_diagonal_where_that_is_diagonal(name):
    """Hidden layers of one unit, independent outputs: sum_k a_k (1 - a_k) (dz_k / dw)^2 exactly.

    Derivatives of the outputs' pre-activations by central differences.
    """
    random = np.random.default_rng(5)
    x, y = random.standard_normal((4, 3)), np.eye(2)[random.integers(2, size=4)]
    network, first, h = passed([3, 1, 1, 2], [0, 1], x, y, name, "cross_entropy")
    inputs = [torch.tensor(x).expand(2, -1, -1), *first.activations[:-1]]
    for replica, layer in itertools.product(range(2), range(3)):
        weights = [w[replica].numpy().copy() for w in network.weights]
        biases = [b[replica, 0].numpy().copy() for b in network.biases]

        def outputs(part, at, step, weights=weights, biases=biases):
            part[at] += step
            zs = [reference.forward(weights, biases, each, name)[0][-1] for each in x]
            part[at] -= step
            return np.array(zs)

        a = 1 / (1 + np.exp(-outputs(weights[0], (0, 0), 0.0)))
        found_w = weight_curvature(
            h[layer], inputs[layer], torch.zeros_like(network.weights[layer])
        )
        for part, found in (
            (weights[layer], found_w[replica]),
            (biases[layer], bias_curvature(h[layer])[replica, 0]),
        ):
            for at in np.ndindex(part.shape):
                slope = (outputs(part, at, 1e-6) - outputs(part, at, -1e-6)) / 2e-6
                wanted = (a * (1 - a) * slope**2).sum(axis=1).mean()
                assert float(found[at]) == pytest.approx(wanted, rel=1e-6, abs=1e-12)


def test_output_curvature_is_the_hessians_diagonal():
    """Softmax outputs, output layer: second central differences of the cost itself."""
    random = np.random.default_rng(6)
    x, y = random.standard_normal((5, 3)), np.eye(3)[random.integers(3, size=5)]
    network, first, h = passed([3, 4, 3], [2], x, y, "tanh", "nll")
    weights = [w[0].numpy().copy() for w in network.weights]
    biases = [b[0, 0].numpy().copy() for b in network.biases]

    def value(at, step):
        weights[1][at] += step
        zs = [reference.forward(weights, biases, each, "tanh")[0][-1] for each in x]
        weights[1][at] -= step
        return np.mean([reference.value("nll", z, t) for z, t in zip(zs, y, strict=True)])

    found = weight_curvature(h[1], first.activations[0], torch.zeros_like(network.weights[1]))[0]
    for at in np.ndindex(weights[1].shape):
        wanted = (value(at, 1e-4) - 2 * value(at, 0.0) + value(at, -1e-4)) / 1e-8
        assert float(found[at]) == pytest.approx(wanted, rel=1e-4, abs=1e-7)


def hessian_diagonal(weights, biases, xs, ys, name):
    """LeCun's recursion, one example and one unit at a time; (weights, biases) of each layer."""
    found = [(np.zeros_like(w), np.zeros_like(b)) for w, b in zip(weights, biases, strict=True)]
    for x in xs:
        zs, activations = reference.forward(weights, biases, x, name)
        a = reference.output("nll", zs[-1])
        h = a * (1 - a)
        for layer in range(len(weights) - 1, -1, -1):
            found[layer][0][:] += np.outer(h, activations[layer] ** 2) / len(xs)
            found[layer][1][:] += h / len(xs)
            if layer:
                slopes = reference.derivative(name, zs[layer - 1])
                h = slopes**2 * np.array(
                    [(weights[layer][:, j] ** 2) @ h for j in range(len(slopes))]
                )
    return found


def gradient_variance(weights, biases, xs, ys, name):
    """The unbiased variance over examples of each parameter's gradient."""
    single = [
        reference.mean_gradients(weights, biases, [x], [y], name, "nll")
        for x, y in zip(xs, ys, strict=True)
    ]
    return [
        tuple(np.var([each[kind][layer] for each in single], axis=0, ddof=1) for kind in (0, 1))
        for layer in range(len(weights))
    ]


TWINS = {Curvature.hessian: hessian_diagonal, Curvature.variance: gradient_variance}


def twin(experiment, data, seed, rate):
    """The same training, one network, in numpy; gradients before each step."""
    widths = [25, *experiment.hidden, 3]
    pairs = enumerate(itertools.pairwise(widths), start=1)
    drawn = [initial_layer(experiment.init, seed, layer, *pair) for layer, pair in pairs]
    weights, biases = [w.copy() for w, _ in drawn], [b.copy() for _, b in drawn]
    settings, kept, speeds = experiment.step_sizes, None, []
    rows = step_indices(seed, 0, experiment.steps, experiment.batch_size, experiment.train_size)
    everything, targets = data.train.images / 256, np.eye(3)[data.train.labels]
    for step, chosen in enumerate(rows):
        speeds.append(_speeds(weights, biases, everything[:30], targets[:30]))
        xs, ys = everything[chosen], targets[chosen]
        grad = reference.mean_gradients(weights, biases, xs, ys, "tanh", "nll")
        if step % settings.every == 0:
            fresh = TWINS[settings.curvature](weights, biases, xs, ys, "tanh")
            share = max(1 - settings.memory, 1 / (step // settings.every + 1))
            if kept is None:
                kept = fresh
            kept = [
                tuple((1 - share) * old + share * new for old, new in zip(*pair, strict=True))
                for pair in zip(kept, fresh, strict=True)
            ]
            flat = np.concatenate([part.ravel() for layer in kept for part in layer])
            least = settings.damping * flat.mean()
        for layer, (h_w, h_b) in enumerate(kept):
            weights[layer] -= rate * grad[0][layer] / (least + h_w)
            biases[layer] -= rate * grad[1][layer] / (least + h_b)
    return [*speeds, _speeds(weights, biases, everything[:30], targets[:30])]


def _speeds(weights, biases, xs, ys):
    _, grad_b = reference.mean_gradients(weights, biases, xs, ys, "tanh", "nll")
    return [np.linalg.norm(each) for each in grad_b]


@pytest.mark.parametrize("curvature", Curvature)
def test_training_matches_the_numpy_twin(curvature, curved, small_data, tmp_path):
    """Speeds of every layer along 20 steps across an epoch's edge, two rates side by side."""
    experiment = replace(curved, step_sizes=replace(curved.step_sizes, curvature=curvature))
    record = trained(experiment, [(3, 0.02), (8, 0.05)], small_data, tmp_path)
    for replica, (seed, rate) in enumerate([(3, 0.02), (8, 0.05)]):
        wanted = np.array(twin(experiment, small_data, seed, rate))[record["gradient_step"]]
        np.testing.assert_allclose(record["bias_gradient_norm"][replica], wanted, rtol=1e-8)


@pytest.mark.parametrize("curvature", Curvature)
def test_a_replica_is_the_same_in_any_company(curvature, curved, small_data, tmp_path):
    """Bit for bit, in single precision, alone and among seven."""
    settings = replace(curved.step_sizes, curvature=curvature)
    experiment = replace(curved, precision=Precision.float32, step_sizes=settings)
    table = [(seed, 0.02) for seed in (1, 2, 3, 5, 7, 8, 9)]
    alone = trained(experiment, [(5, 0.02)], small_data, tmp_path)
    together = trained(experiment, table, small_data, tmp_path)
    xr.testing.assert_identical(alone.drop_attrs(), together.isel(replica=[3]).drop_attrs())


@pytest.mark.parametrize("keys", [{"cost": "quadratic"}, {"batch_size": 1}])
def test_what_has_no_such_step_is_refused(keys, curved, small_data):
    """One sentence, before anything is computed."""
    with pytest.raises(ConfigError, match="procedure=second_order cannot have"):
        CHECKS["second_order"](replace(curved, **keys), small_data)


def test_every_number_of_a_checkpoint_has_an_axis(curved, small_data):
    """A file gives a number without one back with one, so the count of updates starts as (1,)."""
    block = Block(curved, [(0, 0.1)], "key", "cell")
    update = partial(DiagonalNewton, settings=curved.step_sizes)
    module = build_module(block, small_data, partial(TorchEngine, update=update))
    assert {name for name, each in module.state_dict().items() if each.ndim == 0} == set()
