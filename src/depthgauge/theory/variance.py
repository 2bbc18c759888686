"""Variances of signals and gradients at initialization, in the linear regime.

f'(0) = 1, zero means, independent weights. Widths are n_0..n_L; layers 1..L stand along the last
axis. Source: Glorot and Bengio, section 4.2.1, equations 5-7 and 16.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from depthgauge.errors import ConfigError
from depthgauge.theory.arrays import Array, at_least
from depthgauge.user_code.initializer import measured_variances
from depthgauge.user_code.lookup import is_path


def standard_variance(n_in: ArrayLike) -> Array:
    """Return Var W = 1 / (3 n_in) of W ~ U[-1/sqrt(n_in), 1/sqrt(n_in)], equation 1."""
    return 1 / (3 * at_least(n_in, 1, "widths"))


def normalized_variance(n_in: ArrayLike, n_out: ArrayLike) -> Array:
    """Return Var W = 2 / (n_in + n_out), equations 12 and 16."""
    return 2 / (at_least(n_in, 1, "widths") + at_least(n_out, 1, "widths"))


def initial_variances(init: str, widths: Sequence[int]) -> tuple[Array, float]:
    """Return Var w^l for l = 1..L, shape (L,), and Var b, of the init called `init`.

    Those of a user's own, named by its import path, are measured on draws. Raises ConfigError for
    an unknown init.
    """
    n = at_least(widths, 1, "widths")
    if is_path(init):
        return measured_variances(init, n)
    known = {
        "nielsen_default": (1 / n[:-1], 1.0),  # Nielsen, ch. 5, the runs
        "nielsen_large": (np.ones(n.size - 1), 1.0),  # Nielsen, ch. 5, the argument
        "glorot_standard": (standard_variance(n[:-1]), 0.0),
        "glorot_normalized": (normalized_variance(n[:-1], n[1:]), 0.0),
        "glorot_drawn": (_drawn_variances(n), 0.0),
        "he": (2 / n[:-1], 0.0),  # He et al. 2015, eq. 10
        "orthogonal": (1 / np.maximum(n[:-1], n[1:]), 0.0),  # rows or columns of length 1
    }
    if init not in known:
        raise ConfigError(f"init={init} is unknown; choose one of {', '.join(known)}")
    return known[init]


def _drawn_variances(n: Array) -> Array:
    """Eq. 1 in the first and the last layer, 5/4 of eq. 16 between: as Figs. 6, 7, 10 show it."""
    variances = 1.25 * normalized_variance(n[:-1], n[1:])
    variances[[0, -1]] = standard_variance(n[:-1])[[0, -1]]
    return variances


def activation_variances(
    widths: Sequence[int], weight_variances: ArrayLike, input_variance: float
) -> Array:
    """Return Var a^l = Var x prod_{r<=l} n_{r-1} Var w^r for l = 1..L (equation 5).

    For inputs whose mean is not 0, give the mean of x^2 as `input_variance`: with zero-mean
    weights that is what a variance is made of.
    """
    n, variances = _chained(widths, weight_variances)
    return at_least(input_variance, 0, "the input variance") * np.cumprod(n[:-1] * variances)


def delta_variances(
    widths: Sequence[int], weight_variances: ArrayLike, output_variance: float
) -> Array:
    """Return Var delta^l = Var delta^L prod_{r>l} n_r Var w^r for l = 1..L (equation 6)."""
    n, variances = _chained(widths, weight_variances)
    growth = (n[1:] * variances)[:0:-1]
    backward = np.cumprod(np.concatenate([[1.0], growth]))[::-1]
    return at_least(output_variance, 0, "the output variance") * backward


def weight_gradient_variances(
    widths: Sequence[int],
    weight_variances: ArrayLike,
    input_variance: float,
    output_variance: float,
) -> Array:
    """Return Var dC/dw^l = Var a^{l-1} Var delta^l, of one example, for l = 1..L (equation 7).

    The same in every layer when all widths are equal, whatever Var w is: the surprise of Fig. 8.
    """
    activations = activation_variances(widths, weight_variances, input_variance)
    before = np.concatenate([[input_variance], activations[:-1]])
    return before * delta_variances(widths, weight_variances, output_variance)


def mean_singular_value(width: int, weight_variance: float) -> float:
    """Return 8 / (3 pi) sqrt(n Var W), the mean singular value of a square layer's Jacobian.

    In linear theory the Jacobian da^{l+1}/da^l is w itself, whose singular values fill a quarter
    circle of radius 2 sqrt(n Var W) as n grows: 0.85 for the normalized init, 0.49 for the
    standard one. Source: Glorot and Bengio, section 4.2.2 (measured there: 0.8 and 0.5).
    """
    n, variance = at_least(width, 1, "widths"), at_least(weight_variance, 0, "weight variances")
    return 8 / (3 * math.pi) * math.sqrt(n * variance)


def _chained(widths: Sequence[int], weight_variances: ArrayLike) -> tuple[Array, Array]:
    n = at_least(widths, 1, "widths")
    variances = at_least(weight_variances, 0, "weight variances")
    if n.ndim != 1 or variances.shape != (n.size - 1,):
        raise ConfigError(
            f"widths do not chain: {n.size} widths, the input's among them, have"
            f" {n.size - 1} layers between them, and there are {variances.size} weight variances"
        )
    return n, variances
