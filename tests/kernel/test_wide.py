"""The compiled loops of wide networks against one network at a time in float64 numpy."""

import itertools

import numba
import numpy as np
import pytest

import reference
from depthgauge.kernel import rule as codes
from depthgauge.kernel import vectors, wide

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
    wide.wide_step(where, x, labels, copy, rule_of(activation, cost), rates, decay)
    for r, (weights, biases) in enumerate(nets):
        ys = np.eye(WIDTHS[-1])[labels[r]]
        grad_w, grad_b = reference.mean_gradients(weights, biases, x[r], ys, activation, cost)
        for found, w, grad in zip(views[0], weights, grad_w, strict=True):
            wanted = decay[r] * w - rates[r] * grad
            np.testing.assert_allclose(found[r], wanted, rtol=1e-4, atol=1e-6)
        for found, b, grad in zip(views[1], biases, grad_b, strict=True):
            np.testing.assert_allclose(found[r, 0], b - rates[r] * grad, rtol=1e-4, atol=1e-6)


@COSTS
@ACTIVATIONS
def test_a_pass_is_the_twins_and_changes_nothing(activation, cost):
    """z^L after the forward pass, every example's deltas after the backward one."""
    nets, (x, labels) = pairs(), examples()
    where, copy, _ = held(nets)
    before = copy.weights.copy(), copy.biases.copy()
    rule, size = rule_of(activation, cost), COUNT * int(where.units[-1])
    a, delta = np.zeros((2, REPLICAS, size), np.float32)
    units = wide.wide_units(a, where, COUNT)
    units[0][:] = x[0]  # the same images for all networks
    wide.wide_forward(where, copy, rule, COUNT, a)
    z = units[-1].copy()
    wide.wide_backward(where, copy, rule, labels[0], a, delta)
    found = wide.wide_units(delta, where, COUNT)[1:]
    for r, (weights, biases) in enumerate(nets):
        for e, label in enumerate(labels[0]):
            wanted, _ = reference.forward(weights, biases, x[0, e], activation)
            np.testing.assert_allclose(z[r, e], wanted[-1], rtol=1e-4, atol=1e-6)
            y = np.eye(WIDTHS[-1])[label]
            wanted = reference.deltas(weights, biases, x[0, e], y, activation, cost)
            for layer, each in zip(found, wanted, strict=True):
                np.testing.assert_allclose(layer[r, e], each, rtol=1e-4, atol=1e-6)
    for one, other in zip(before, copy, strict=True):
        assert np.array_equal(one, other)


def test_asking_early_changes_nothing_even_beyond_the_end():
    """The last rows of the last network ask for what lies behind it."""

    @numba.njit
    def ask(matrix, place):
        vectors.prefetch(matrix, place)

    numbers = np.arange(64, dtype=np.float32)
    for place in (0, 48, 64, 10**9):
        ask(numbers, place)
    assert np.array_equal(numbers, np.arange(64))
