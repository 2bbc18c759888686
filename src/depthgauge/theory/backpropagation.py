"""Back-propagation in plain numpy for any dense net, example by example.

The independent twin of the training engine and the ground on which bounds are tested. Layers are
numbered 1..L in the text and stand in lists, input side first; a row is an example.
Source: Nielsen, equations 30, 34, BP3 and BP4 (ch. 2 and 5).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax, softmax

from depthgauge.errors import ConfigError
from depthgauge.theory.activations import find_activation
from depthgauge.theory.arrays import Array, finite

SOFTMAX_GAMMA = 1 / 2
"""The largest spectral norm of diag(p) - p p^T, reached at two classes of chance 1/2 each."""


@dataclass(frozen=True)
class Net:
    """A dense net and its cost; raises ConfigError when layers do not chain."""

    weights: Sequence[Array]
    """w^1..w^L, each (n_out, n_in)."""
    biases: Sequence[Array]
    """b^1..b^L, each (n_out,)."""
    activation: str = "sigmoid"
    """f of the hidden layers."""
    cost: str = "quadratic"
    """quadratic: 1/2 |y - a^L|^2; cross_entropy: binary, summed over sigmoid outputs; nll: -log of
    the chance that a softmax gives the right class."""
    quadratic_output: str = "sigmoid"
    """f of the output layer under the quadratic cost: an activation, or softmax."""

    def __post_init__(self) -> None:
        find_activation(self.activation)
        if self.cost not in ("quadratic", *_OUTPUTS):
            raise ConfigError(
                f"theory knows no cost {self.cost!r}: choose one of quadratic,"
                f" {', '.join(_OUTPUTS)}"
            )
        if self.output != "softmax":
            find_activation(self.output)
        _check_chained(self.weights, self.biases)

    @property
    def output(self) -> str:
        """The activation of the output layer, which cross_entropy and nll choose themselves."""
        return _OUTPUTS.get(self.cost, self.quadratic_output)


_OUTPUTS = {"cross_entropy": "sigmoid", "nll": "softmax"}
"""The output activation that makes delta^L = a^L - y."""


def forward(net: Net, inputs: ArrayLike) -> tuple[list[Array], list[Array]]:
    """Return z^1..z^L and a^0..a^L, each (example, unit), for inputs (example, n_0).

    Raises ConfigError when the inputs do not fit the first layer.
    """
    a = finite(inputs, "inputs")
    if a.ndim != 2 or a.shape[1] != net.weights[0].shape[1]:
        raise ConfigError(
            f"inputs of shape {a.shape} do not fit: layer 1 takes rows of"
            f" {net.weights[0].shape[1]} numbers"
        )
    pre_activations, activations = [], [a]
    for layer, (w, b) in enumerate(zip(net.weights, net.biases, strict=True), start=1):
        z = activations[-1] @ np.asarray(w).T + b
        last = layer == len(net.weights)
        pre_activations.append(z)
        activations.append(_output(net, z) if last else find_activation(net.activation).value(z))
    return pre_activations, activations


def cost(net: Net, inputs: ArrayLike, targets: ArrayLike) -> Array:
    """Return C of each example, shape (example,), for targets y of shape (example, n_L)."""
    pre_activations, activations = forward(net, inputs)
    y, z = finite(targets, "targets"), pre_activations[-1]
    if net.cost == "quadratic":
        return ((y - activations[-1]) ** 2).sum(axis=1) / 2
    if net.cost == "nll":
        return -(y * log_softmax(z, axis=1)).sum(axis=1)
    return (np.logaddexp(0, z) - y * z).sum(axis=1)


def deltas(net: Net, inputs: ArrayLike, targets: ArrayLike) -> list[Array]:
    """Return delta^1..delta^L, each (example, unit): dC/dz^l, which is dC/db^l too.

    Source: equations 30 and 34, BP3.
    """
    pre_activations, activations = forward(net, inputs)
    slope = find_activation(net.activation).slope
    error = activations[-1] - finite(targets, "targets")
    backward = [_output_delta(net, pre_activations[-1], error)]
    for z, w in zip(pre_activations[-2::-1], net.weights[:0:-1], strict=True):
        backward.append(slope(z) * (backward[-1] @ w))
    return backward[::-1]


def weight_gradients(layer_deltas: Sequence[Array], activations: Sequence[Array]) -> list[Array]:
    """Return dC/dw^l = delta^l (a^{l-1})^T, each (example, n_out, n_in), from a^0..a^L (BP4)."""
    before = activations[:-1]
    return [d[:, :, None] * a[:, None, :] for d, a in zip(layer_deltas, before, strict=True)]


def layer_jacobians(net: Net, inputs: ArrayLike) -> list[Array]:
    """Return da^l/da^{l-1} = diag(f'(z^l)) w^l of each hidden layer, (example, n_l, n_{l-1}).

    The gradient of a cascade f(g(h(.))) is the product of these. Source: Lucas's answer (chain
    rule); Glorot and Bengio, section 4.2.2.
    """
    slope = find_activation(net.activation).slope
    pre_activations = forward(net, inputs)[0][:-1]
    hidden = zip(pre_activations, net.weights[:-1], strict=True)
    return [slope(z)[:, :, None] * np.asarray(w) for z, w in hidden]


def output_gain(net: Net) -> float:
    """Return the g with |delta^L| <= g |a^L - y|: gamma of the output for the quadratic cost.

    1 for the other costs, whose delta^L is a^L - y itself.
    """
    if net.cost in _OUTPUTS:
        return 1.0
    return SOFTMAX_GAMMA if net.output == "softmax" else find_activation(net.output).gamma


def _output(net: Net, z: Array) -> Array:
    return softmax(z, axis=1) if net.output == "softmax" else find_activation(net.output).value(z)


def _output_delta(net: Net, z: Array, error: Array) -> Array:
    if net.cost in _OUTPUTS:
        return error  # the output's slope cancels: Nielsen, ch. 3
    if net.output != "softmax":
        return find_activation(net.output).slope(z) * error
    p = softmax(z, axis=1)
    return p * (error - (p * error).sum(axis=1, keepdims=True))


def _check_chained(weights: Sequence[Array], biases: Sequence[Array]) -> None:
    if not weights or len(weights) != len(biases):
        raise ConfigError(
            f"a net needs weights and biases for every layer: there are {len(weights)} weights"
            f" and {len(biases)} biases"
        )
    width = None
    for layer, (w, b) in enumerate(zip(weights, biases, strict=True), start=1):
        shape = finite(w, f"weights of layer {layer}").shape
        if len(shape) != 2 or finite(b, f"biases of layer {layer}").shape != shape[:1]:
            raise ConfigError(
                f"layer {layer} has weights of shape {shape} and biases of shape {np.shape(b)}:"
                " make them (n_out, n_in) and (n_out,)"
            )
        if width is not None and shape[1] != width:
            raise ConfigError(
                f"widths do not chain: layer {layer} takes {shape[1]} inputs and layer"
                f" {layer - 1} gives {width}"
            )
        width = shape[0]
