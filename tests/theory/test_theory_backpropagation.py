"""Plain numpy back-propagation against autograd, finite differences and the cascade."""

from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional

from depthgauge.errors import ConfigError
from depthgauge.theory import (
    ACTIVATIONS,
    Net,
    cost,
    deltas,
    find_activation,
    forward,
    layer_jacobians,
    output_gain,
    weight_gradients,
)
from depthgauge.theory.backpropagation import SOFTMAX_GAMMA

WIDTHS = [5, 7, 4, 6, 3]
TORCH = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softsign": functional.softsign,
    "relu": torch.relu,
    "gelu": functional.gelu,
    "linear": lambda z: z,
}
COSTS = [
    {"cost": "cross_entropy"},
    {"cost": "nll"},
    {"cost": "quadratic", "quadratic_output": "softmax"},
    *({"cost": "quadratic", "quadratic_output": name} for name in ACTIVATIONS),
]


def drawn(seed=0, widths=WIDTHS, **kinds):
    random = np.random.default_rng(seed)
    weights = [random.normal(size=(m, n)) for n, m in pairwise(widths)]
    biases = [random.normal(size=m) for m in widths[1:]]
    inputs = random.normal(size=(9, widths[0]))
    targets = np.eye(widths[-1])[random.integers(widths[-1], size=9)]
    return Net(weights, biases, **kinds), inputs, targets


def torch_cost(net, z, y):
    if net.cost == "cross_entropy":
        return functional.binary_cross_entropy_with_logits(z, y, reduction="none").sum(1)
    if net.cost == "nll":
        return functional.cross_entropy(z, y.argmax(1), reduction="none")
    a = torch.softmax(z, 1) if net.output == "softmax" else TORCH[net.output](z)
    return ((y - a) ** 2).sum(1) / 2


@pytest.mark.parametrize("kinds", COSTS, ids=lambda kinds: "-".join(kinds.values()))
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradients_match_autograd(name, kinds):
    """C, delta^l (30, 34, BP3) and dC/dw^l (BP4) of every example agree with torch's."""
    net, inputs, targets = drawn(activation=name, **kinds)
    weights = [torch.tensor(w, requires_grad=True) for w in net.weights]
    biases = [torch.tensor(b, requires_grad=True) for b in net.biases]
    _, activations = forward(net, inputs)
    ours = deltas(net, inputs, targets)
    outer = weight_gradients(ours, activations)
    for example, (x, y) in enumerate(zip(inputs, targets, strict=True)):
        a = torch.tensor(x)[None]
        for w, b in zip(weights, biases, strict=True):
            z = functional.linear(a, w, b)
            a = TORCH[name](z)
        value = torch_cost(net, z, torch.tensor(y)[None]).sum()
        assert cost(net, inputs, targets)[example] == pytest.approx(value.item(), rel=1e-12)
        found = torch.autograd.grad(value, [*biases, *weights])
        for layer in range(4):
            np.testing.assert_allclose(ours[layer][example], found[layer], rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(outer[layer][example], found[4 + layer], 1e-9, 1e-12)


@pytest.mark.parametrize("kinds", COSTS[:3], ids=lambda kinds: "-".join(kinds.values()))
def test_deltas_match_finite_differences(kinds):
    """dC/db^l, bias by bias, is a central difference of the cost."""
    net, inputs, targets = drawn(1, **kinds)
    ours = deltas(net, inputs, targets)
    step = 1e-6
    for layer, b in enumerate(net.biases):
        for unit in range(b.size):
            values = []
            for sign in (1, -1):
                moved = [each.copy() for each in net.biases]
                moved[layer][unit] += sign * step
                values.append(cost(Net(net.weights, moved, **kinds), inputs, targets))
            numeric = (values[0] - values[1]) / (2 * step)
            np.testing.assert_allclose(ours[layer][:, unit], numeric, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", ["sigmoid", "softsign"])
def test_delta_is_the_cascade_of_jacobians(name):
    """delta^1 = f'(z^1) (J^2 ... w^L)^T delta^L: the recursion is the product of the Jacobians."""
    net, inputs, targets = drawn(2, activation=name)
    ours = deltas(net, inputs, targets)
    last = np.broadcast_to(net.weights[-1], (9, 3, 6))
    product = reduce(np.matmul, [last, *layer_jacobians(net, inputs)[:0:-1]])
    slope = find_activation(name).slope(forward(net, inputs)[0][0])
    expected = slope * np.einsum("eoi,eo->ei", product, ours[-1])
    np.testing.assert_allclose(ours[0], expected, rtol=1e-12)


def test_layer_jacobian_is_the_derivative_of_the_activations():
    """da^1/dx, column by column, against central differences."""
    net, inputs, _ = drawn(4, activation="tanh")
    step = 1e-6
    first = layer_jacobians(net, inputs)[0]
    for column in range(5):
        shift = step * np.eye(5)[column]
        up, down = (forward(net, inputs + sign * shift)[1][1] for sign in (1, -1))
        np.testing.assert_allclose(first[:, :, column], (up - down) / (2 * step), atol=1e-9)


def test_softmax_gamma_is_reached_and_never_passed():
    """|diag(p) - p p^T|_2 is at most 1/2, and 1/2 at two even classes."""
    random = np.random.default_rng(5)
    chances = np.concatenate([random.dirichlet([0.3] * 4, 500), [[0.5, 0.5, 0, 0]]])
    jacobians = np.einsum("ei,ij->eij", chances, np.eye(4)) - np.einsum(
        "ei,ej->eij", chances, chances
    )
    norms = np.linalg.norm(jacobians, 2, axis=(1, 2))
    assert norms.max() == pytest.approx(SOFTMAX_GAMMA, rel=1e-12)


def test_output_gain_belongs_to_the_cost():
    """Cross-entropy and nll lose the last f'; the quadratic cost keeps its gamma."""
    gains = [output_gain(drawn(**kinds)[0]) for kinds in COSTS[:5]]
    assert gains == [1.0, 1.0, 0.5, 0.25, 1.0]


ONE = ([np.eye(2)], [np.zeros(2)])


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: Net(*ONE, activation="step"), "activation=step is unknown"),
        (lambda: Net(*ONE, quadratic_output="step"), "activation=step is unknown"),
        (lambda: Net(*ONE, cost="hinge"), "no cost 'hinge'"),
        (lambda: Net([np.full((2, 2), np.nan)], [np.zeros(2)]), "layer 1 must be finite"),
        (lambda: Net([np.eye(2)], [np.array([0, np.inf])]), "biases of layer 1 must be finite"),
        (
            lambda: Net([np.eye(2), np.ones((1, 3))], [np.zeros(2), [0]]),
            "layer 2 takes 3 inputs and layer 1 gives 2",
        ),
        (lambda: Net([np.eye(2)], [np.zeros(3)]), "biases of shape \\(3,\\)"),
        (lambda: Net([np.zeros(2)], [np.zeros(2)]), "weights of shape \\(2,\\)"),
        (lambda: Net([], []), "0 weights"),
        (lambda: forward(Net(*ONE), np.zeros((4, 3))), "takes rows of 2 numbers"),
    ],
)
def test_bad_nets_get_one_sentence(call, sentence):
    """What cannot be a net is refused with the layer and the reason."""
    with pytest.raises(ConfigError, match=sentence):
        call()
