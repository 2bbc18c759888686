"""The compiled loops of wide networks against one network at a time in float64 numpy."""

import itertools

import numpy as np
import pytest

import reference
from depthgauge.kernel import rule as codes
from depthgauge.kernel import wide

WIDTHS = (9, 33, 5, 4)
"""Layers that are no multiple of a row of vectors, nor of the rows worked on at once."""
REPLICAS, COUNT = 2, 11
ACTIVATIONS = pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softsign", "relu"])
COSTS = pytest.mark.parametrize("cost", ["cross_entropy", "nll", "quadratic"])


def pairs():
    """Weights and biases of each network."""
    random = np.random.default_rng(0)
    shapes = [(n_out, n_in) for n_in, n_out in itertools.pairwise(WIDTHS)]
    return [
        (
            [random.standard_normal(shape) / np.sqrt(shape[1]) for shape in shapes],
            [random.standard_normal(shape[0]) for shape in shapes],
        )
        for _ in range(REPLICAS)
    ]


def held(nets):
    """The loops' copy of these networks, and views of it."""
    where = wide.wide_layout(WIDTHS)
    copy = wide.empty_wide_nets(len(nets), where)
    views = wide.wide_views(copy, where)
    for r, net in enumerate(nets):
        for parts, view in zip(net, views, strict=True):
            for part, inside in zip(parts, view, strict=True):
                inside[r] = part
    return where, copy, views


def rule_of(activation, cost):
    return codes.Rule(codes.ACTIVATION_CODES[activation], codes.COST_CODES[cost])


def examples():
    """Inputs (R, example, n_0) and labels (R, example)."""
    random = np.random.default_rng(1)
    x = random.random((REPLICAS, COUNT, WIDTHS[0])).astype(np.float32)
    return x, random.integers(0, WIDTHS[-1], (REPLICAS, COUNT))


@COSTS
@ACTIVATIONS
def test_a_step_is_the_twins(activation, cost):
    """w <- decay w - rate mean dC/dw, with a rate and a decay for each network."""
    nets, (x, labels) = pairs(), examples()
    where, copy, views = held(nets)
    rates, decay = np.array([0.5, 0.1], np.float32), np.array([1, 0.9], np.float32)
    rule, work = rule_of(activation, cost), wide.wide_work(1, COUNT, where)
    wide.wide_step(where, x, labels, labels[0, :0], copy, rule, rates, decay, True, work)
    for r, (weights, biases) in enumerate(nets):
        ys = np.eye(WIDTHS[-1])[labels[r]]
        grad_w, grad_b = reference.mean_gradients(weights, biases, x[r], ys, activation, cost)
        for found, w, grad in zip(views[0], weights, grad_w, strict=True):
            wanted = decay[r] * w - rates[r] * grad
            np.testing.assert_allclose(found[r], wanted, rtol=1e-4, atol=1e-6)
        for found, b, grad in zip(views[1], biases, grad_b, strict=True):
            np.testing.assert_allclose(found[r, 0], b - rates[r] * grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("learn", [True, False], ids=["with a step", "alone"])
@COSTS
@ACTIVATIONS
def test_a_look_is_the_twins_of_the_networks_before_the_step(activation, cost, learn):
    """z^L and every further example's deltas, whether or not the networks learn from the others."""
    nets, (x, labels), looks = pairs(), examples(), 6
    where, copy, _ = held(nets)
    before = copy.weights.copy(), copy.biases.copy()
    rates, decay = np.array([0.5, 0.1], np.float32), np.array([1, 0.9], np.float32)
    rule, work = rule_of(activation, cost), wide.wide_work(REPLICAS, COUNT + looks, where)
    wide.wide_units(work.a, where, COUNT + looks)[0][:, COUNT:] = x[0, :looks]
    wide.wide_step(where, x, labels, labels[0, :looks], copy, rule, rates, decay, learn, work)
    found = wide.wide_units(work.delta, where, COUNT + looks)[1:]
    z = work.z.reshape(REPLICAS, COUNT + looks, -1)[:, COUNT:, : WIDTHS[-1]]
    for r, (weights, biases) in enumerate(nets):
        for e, label in enumerate(labels[0, :looks]):
            wanted, _ = reference.forward(weights, biases, x[0, e], activation)
            np.testing.assert_allclose(z[r, e], wanted[-1], rtol=1e-4, atol=1e-6)
            y = np.eye(WIDTHS[-1])[label]
            wanted = reference.deltas(weights, biases, x[0, e], y, activation, cost)
            for layer, each in zip(found, wanted, strict=True):
                np.testing.assert_allclose(layer[r, COUNT + e], each, rtol=1e-4, atol=1e-6)
    for one, other in zip(before, copy, strict=True):
        assert np.array_equal(one, other) != learn


def test_a_look_leaves_the_step_as_it_is():
    """The same weights to the last bit, with further examples or without."""
    nets, (x, labels) = pairs(), examples()
    rates, decay = np.array([0.5, 0.1], np.float32), np.array([1, 0.9], np.float32)
    trained = []
    for looks in (0, 5):
        where, copy, _ = held(nets)
        work = wide.wide_work(REPLICAS, COUNT + looks, where)
        rule, probe_labels = rule_of("tanh", "nll"), labels[0, :looks]
        wide.wide_step(where, x, labels, probe_labels, copy, rule, rates, decay, True, work)
        trained.append(copy)
    for one, other in zip(*trained, strict=True):
        assert np.array_equal(one, other)
