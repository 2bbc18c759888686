"""Activation functions with their exact derivatives and the largest slope, gamma."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr

from depthgauge.errors import ConfigError
from depthgauge.theory.arrays import Array


@dataclass(frozen=True)
class Activation:
    """f, its derivative f', and gamma = sup |f'|; f and f' act on each entry of an array."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    gamma: float


def find_activation(name: str) -> Activation:
    """Return the activation called `name`; raises ConfigError for an unknown one."""
    if name not in ACTIVATIONS:
        raise ConfigError(
            f"theory knows no activation {name!r}: choose one of {', '.join(ACTIVATIONS)}"
        )
    return ACTIVATIONS[name]


def _sigmoid_slope(z: Array) -> Array:
    return expit(z) * expit(-z)  # not s(1 - s), which loses all digits once s rounds to 1


def _tanh_slope(z: Array) -> Array:
    return 4 * _sigmoid_slope(2 * z)  # 1 / cosh^2, which would overflow


def _softsign(z: Array) -> Array:
    return z / (1 + np.abs(z))


def _softsign_slope(z: Array) -> Array:
    return 1 / (1 + np.abs(z)) ** 2


def _relu(z: Array) -> Array:
    return np.maximum(z, 0.0)


def _relu_slope(z: Array) -> Array:
    return np.where(z > 0, 1.0, 0.0)  # 0 at the kink, as torch has it


def _linear(z: Array) -> Array:
    return z


def _linear_slope(z: Array) -> Array:
    return np.ones_like(z)


def _normal_density(z: Array) -> Array:
    return np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


def _gelu(z: Array) -> Array:
    return z * ndtr(z)


def _gelu_slope(z: Array) -> Array:
    return ndtr(z) + z * _normal_density(z)


_GELU_STEEPEST = np.sqrt(np.array(2.0))
"""Where gelu'' = (2 - z^2) phi(z) is zero."""

ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Activation(expit, _sigmoid_slope, 1 / 4),  # Nielsen, ch. 5: sigma' <= 1/4, at 0
    "tanh": Activation(np.tanh, _tanh_slope, 1.0),
    "softsign": Activation(_softsign, _softsign_slope, 1.0),  # Glorot and Bengio, x / (1 + |x|)
    "relu": Activation(_relu, _relu_slope, 1.0),
    "gelu": Activation(_gelu, _gelu_slope, float(_gelu_slope(_GELU_STEEPEST))),
    "linear": Activation(_linear, _linear_slope, 1.0),
}
