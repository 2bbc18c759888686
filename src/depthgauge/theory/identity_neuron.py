"""Sigmoid neurons that pass their input on: extra layers could in principle do nothing.

Source: Nielsen, ch. 5, the exercise on the identity neuron.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import root_scalar
from scipy.special import expit

from depthgauge.errors import ConfigError
from depthgauge.theory.arrays import Array, at_least, finite


def identity_neuron(x: ArrayLike, weight: float) -> Array:
    """Return 4/w_1 sigma(w_1 (x - 1/2)) + 1/2 - 2/w_1, close to x on [0, 1] for a small w_1.

    It needs a bias, 1/2 - 2/w_1, behind the sigmoid. Raises ConfigError unless w_1 > 0.
    """
    scale, shift = _undo(weight)
    return scale * expit(weight * (finite(x, "x") - 0.5)) + shift


def identity_error(weight: float) -> float:
    """Return sup |identity_neuron(x) - x| over [0, 1]: 1/2 - (2/w_1) tanh(w_1/4).

    The neuron is 1/2 + (2/w_1) tanh(w_1 (x - 1/2) / 2), so its error grows toward both ends. Tends
    to w_1^2/96 as w_1 -> 0.
    """
    _undo(weight)
    y = weight / 4
    if y < 0.02:  # tanh y = y - y^3/3 + 2 y^5/15 - ...: the difference would lose its digits
        return 0.5 * (y**2 / 3 - 2 * y**4 / 15 + 17 * y**6 / 315)
    return 0.5 * (1 - math.tanh(y) / y)


def literal_identity() -> tuple[float, float]:
    """Return w_1 and the sup error of the best w_2 sigma(w_1 x + b) on [0, 1]: 5.648 and 0.0561.

    Without a bias behind the sigmoid nothing comes closer. The best error alternates in sign at
    four points (Chebyshev), one for each parameter and one more: with w_2 = 1, b = -w_1/2 it is
    odd about x = 1/2, so it is enough that it is as large inside, where w_1 sigma' = 1, as at 0.
    The 0.063 that is quoted elsewhere is what w_1 = 5.4 gives: close to the best, not below it.
    """

    def error_at_end(w: float) -> float:
        return float(expit(-w / 2))

    def error_inside(w: float) -> float:
        low = (1 - math.sqrt(1 - 4 / w)) / 2  # sigma (1 - sigma) = 1 / w_1
        return math.log(low / (1 - low)) / w + 0.5 - low

    best = root_scalar(lambda w: error_at_end(w) - error_inside(w), bracket=(4.0, 10.0)).root
    return best, error_at_end(best)


def insert_identity_layer(
    weights: Sequence[Array], biases: Sequence[Array], position: int, weight: float
) -> tuple[list[Array], list[Array]]:
    """Return a sigmoid net's w^l and b^l with a layer of identity neurons after hidden layer l.

    `position` is l, 1..L-1; w^l has shape (n_out, n_in). The next layer's weights and biases take
    up the 4/w_1 and the 1/2 - 2/w_1, so its pre-activations move by at most
    identity_error(w_1) sum_k |w_jk|. Raises ConfigError for a layer that is not hidden.
    """
    if not 1 <= position < len(weights):
        raise ConfigError(
            f"identity neurons cannot follow layer {position}: choose a hidden layer,"
            f" 1 to {len(weights) - 1}"
        )
    scale, shift = _undo(weight)
    following = finite(weights[position], "weights")
    width = following.shape[1]
    inserted = weight * np.eye(width), np.full(width, -weight / 2)
    corrected = following * scale, biases[position] + following.sum(axis=1) * shift
    return (
        [*weights[:position], inserted[0], corrected[0], *weights[position + 1 :]],
        [*biases[:position], inserted[1], corrected[1], *biases[position + 1 :]],
    )


def _undo(weight: float) -> tuple[float, float]:
    """Return the weight 4/w_1 and the bias 1/2 - 2/w_1 that undo sigma near its centre."""
    if at_least(weight, 0, "w_1 of an identity neuron") == 0:
        raise ConfigError("w_1 of an identity neuron must be above 0: 0 passes nothing on")
    return 4 / weight, 0.5 - 2 / weight
