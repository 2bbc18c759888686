"""The one table of activation functions: derivatives, the largest slope gamma, torch's function.

The engines (nets/activations.py, kernel/rule.py) look them up here, too. One of a user's own is
named by its import path.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import expit, ndtr

from depthgauge.errors import ConfigError
from depthgauge.theory.arrays import Array
from depthgauge.user_code.lookup import is_path


@dataclass(frozen=True)
class Activation:
    """f, its derivative f', and gamma = sup |f'|; f and f' act on each entry of an array."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    gamma: float
    torch: str
    """Import path of f for torch's tensors."""


def find_activation(name: str) -> Activation:
    """Return the activation called `name`, or a user's own by its import path.

    Raises ConfigError for an unknown one.
    """
    if is_path(name):
        return _users_own(name)
    if name not in ACTIVATIONS:
        raise ConfigError(
            f"activation={name} is unknown; choose one of {', '.join(ACTIVATIONS)}, or give the"
            " import path of your own, as in my_package.module.function"
        )
    return ACTIVATIONS[name]


@cache
def _users_own(path: str) -> Activation:
    """Return an activation known by its function alone; gamma is found numerically."""
    from depthgauge.user_code.activation import user_activation  # torch

    own = user_activation(path)
    return Activation(own.value_of, own.slope_of, own.steepest(), path)


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
    # Nielsen, ch. 5: sigma' <= 1/4, at 0
    "sigmoid": Activation(expit, _sigmoid_slope, 1 / 4, "torch.sigmoid"),
    "tanh": Activation(np.tanh, _tanh_slope, 1.0, "torch.tanh"),
    # x / (1 + |x|), Glorot and Bengio, section 2.3
    "softsign": Activation(_softsign, _softsign_slope, 1.0, "torch.nn.functional.softsign"),
    "relu": Activation(_relu, _relu_slope, 1.0, "torch.relu"),
    # z Phi(z), Hendrycks and Gimpel, arXiv 1606.08415; its slope is no function of its output
    "gelu": Activation(
        _gelu, _gelu_slope, float(_gelu_slope(_GELU_STEEPEST)), "torch.nn.functional.gelu"
    ),
    "linear": Activation(_linear, _linear_slope, 1.0, "torch.clone"),
}
