"""Independent twins: one network at a time, float64, loops where loops are clearest.

Nothing here is shared with the engine. Equation numbers are Nielsen's.
"""

import numpy as np
from scipy.special import ndtr


def activation(name, z):
    return {
        "sigmoid": lambda: 1 / (1 + np.exp(-z)),
        "tanh": lambda: np.tanh(z),
        "softsign": lambda: z / (1 + np.abs(z)),
        "relu": lambda: np.maximum(z, 0),
        "gelu": lambda: z * ndtr(z),
        "linear": lambda: z,
        "own_activation.elu": lambda: np.where(z > 0, z, np.exp(z) - 1),
    }[name]()


def derivative(name, z):
    return {
        "sigmoid": lambda: np.exp(-z) / (1 + np.exp(-z)) ** 2,
        "tanh": lambda: 1 / np.cosh(z) ** 2,
        "softsign": lambda: 1 / (1 + np.abs(z)) ** 2,
        "relu": lambda: np.where(z > 0, 1.0, 0.0),
        "gelu": lambda: ndtr(z) + z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi),
        "linear": lambda: np.ones_like(z),
        "own_activation.elu": lambda: np.where(z > 0, 1.0, np.exp(z)),
    }[name]()


def output(cost, z):
    if cost in ("nll", "softmax_quadratic"):
        return np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    return 1 / (1 + np.exp(-z))


def output_slopes(cost, a):
    """Matrix that turns a - y into delta^L."""
    if cost == "softmax_quadratic":
        return 2 * (np.diag(a) - np.outer(a, a))
    return np.diag(a * (1 - a)) if cost == "quadratic" else np.eye(len(a))


def value(cost, z, y):
    a = output(cost, z)
    if cost == "cross_entropy":
        return -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum()
    if cost == "nll":
        return -np.log(a[y.argmax()])
    return ((y - a) ** 2).sum() / (1 if cost == "softmax_quadratic" else 2)


def forward(weights, biases, x, name):
    """Pre-activations and activations of one example, layers 1..L and 0..L."""
    zs, activations = [], [x]
    for layer, (w, b) in enumerate(zip(weights, biases, strict=True), start=1):
        zs.append(w @ activations[-1] + b)
        activations.append(activation(name, zs[-1]) if layer < len(weights) else zs[-1])
    return zs, activations


def deltas(weights, biases, x, y, name, cost):
    """delta^l of one example, layers 1..L (equations 30 and 34)."""
    zs, _ = forward(weights, biases, x, name)
    a = output(cost, zs[-1])
    delta = output_slopes(cost, a) @ (a - y)
    found = [delta]
    for layer in range(len(weights) - 1, 0, -1):
        delta = (weights[layer].T @ delta) * derivative(name, zs[layer - 1])
        found.insert(0, delta)
    return found


def mean_gradients(weights, biases, xs, ys, name, cost):
    """Mean over examples of dC/dw^l and dC/db^l (BP3, BP4)."""
    grad_w = [np.zeros_like(w) for w in weights]
    grad_b = [np.zeros_like(b) for b in biases]
    for x, y in zip(xs, ys, strict=True):
        _, activations = forward(weights, biases, x, name)
        for layer, delta in enumerate(deltas(weights, biases, x, y, name, cost)):
            grad_w[layer] += np.outer(delta, activations[layer]) / len(xs)
            grad_b[layer] += delta / len(xs)
    return grad_w, grad_b


def descend(weights, biases, batches, name, cost, rate, decay):
    """Plain SGD over `batches` of (xs, ys); weights shrink by 1 - rate * decay a step."""
    weights, biases = [w.copy() for w in weights], [b.copy() for b in biases]
    for xs, ys in batches:
        grad_w, grad_b = mean_gradients(weights, biases, xs, ys, name, cost)
        weights = [(1 - rate * decay) * w - rate * g for w, g in zip(weights, grad_w, strict=True)]
        biases = [b - rate * g for b, g in zip(biases, grad_b, strict=True)]
    return weights, biases


def largest_bias(layers):
    """A measurement as a user would write it (probe.function): a number for each network."""
    return layers.biases[0].abs().amax(1)
