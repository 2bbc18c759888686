"""Mean field: signals and gradients of wide random nets, layer by layer, without simulation.

A pre-activation is normal with variance q, its length. `weight_variance` is n_in Var W, 1 for
Nielsen's nets; `bias_variance` is Var b, also 1 there, so that q = 1 + E sigma(sqrt(q) z)^2.
Source: Poole et al., NeurIPS 2016 (length map q); Schoenholz et al., ICLR 2017 (gradient map chi).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import root_scalar

from depthgauge.errors import ConfigError
from depthgauge.theory.activations import find_activation
from depthgauge.theory.arrays import Array, at_least


def _half_normal_rule() -> tuple[Array, Array]:
    """Return nodes z and weights with sum w g(z) = E g(z), z ~ N(0, 1), for g with a kink at 0.

    Gauss-Legendre on panels that halve toward 0, because Gauss-Hermite converges slowly across the
    kinks of softsign' and relu, and across a sigmoid that a large q makes steep.
    """
    x, w = np.polynomial.legendre.leggauss(16)
    edges = np.concatenate([[0.0], 12 * 2.0 ** np.arange(-12, 1)])  # beyond 12: below 1e-32
    half = np.diff(edges)[:, None] / 2
    z = (edges[:-1, None] + half * (1 + x)).ravel()
    density = (half * w).ravel() * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    return np.concatenate([-z[::-1], z]), np.concatenate([density[::-1], density])


_NODES, _WEIGHTS = _half_normal_rule()


def length_map(
    length: ArrayLike, activation: str, weight_variance: ArrayLike, bias_variance: ArrayLike
) -> Array:
    """Return the q of the next layer: weight_variance E f(sqrt(q) z)^2 + bias_variance, (...)."""
    f = find_activation(activation).value
    spread = at_least(weight_variance, 0, "weight variances")
    return spread * _mean_square(f, length) + at_least(bias_variance, 0, "bias variances")


def gradient_map(length: ArrayLike, activation: str, weight_variance: ArrayLike) -> Array:
    """Return chi = weight_variance E f'(sqrt(q) z)^2, shape (...): |delta^l|^2 / |delta^{l+1}|^2.

    q is that of layer l and the weights are those of layer l + 1. Norms, not means over units: a
    layer of n_l units holds n_l of them, so n_in Var W is right for unequal widths too.
    """
    slope = find_activation(activation).slope
    return at_least(weight_variance, 0, "weight variances") * _mean_square(slope, length)


def fixed_length(activation: str, weight_variance: float, bias_variance: float) -> float:
    """Return q*, the length at which a deep net settles: the least stable q = length_map(q).

    It is 0 where short signals die out (tanh without biases up to a weight variance of 1).
    Raises ConfigError where lengths grow without end (relu above 2).
    """
    grid = np.logspace(-12, 12, 97)
    growth = length_map(grid, activation, weight_variance, bias_variance) / grid - 1
    rounding = 1e-13  # a map that keeps every length, as relu's at 2, counts as dying out
    if growth[0] <= rounding:
        return 0.0
    if growth.min() > -rounding:
        raise ConfigError(
            f"the signal of {activation} grows without end at a weight variance of"
            f" {weight_variance:g}: choose a smaller one, or follow it with length_profile"
        )
    above = grid[np.argmax(growth < -rounding)]

    def excess(q: float) -> float:
        return float(length_map(q, activation, weight_variance, bias_variance)) - q

    return root_scalar(excess, bracket=(grid[0], above), xtol=1e-300, rtol=1e-14).root


def shrink_per_layer(activation: str, weight_variance: float, bias_variance: float) -> float:
    """Return chi(q*)^(-1/2): by how much |dC/db| shrinks per layer toward the input, deep down.

    4.88 for Nielsen's nets, so 4.9 / 23.8 / 116 over 1 / 2 / 3 layers; below 1 it grows.
    """
    length = fixed_length(activation, weight_variance, bias_variance)
    chi = float(gradient_map(length, activation, weight_variance))
    return float(np.inf) if chi == 0 else chi**-0.5


def length_profile(
    input_length: float, activation: str, weight_variances: ArrayLike, bias_variance: float
) -> Array:
    """Return q^1..q^L, shape (L,), for inputs with a mean square of `input_length`.

    `weight_variances` is n_{l-1} Var w^l for l = 1..L: no fixed point is assumed.
    """
    spreads = at_least(weight_variances, 0, "weight variances").ravel()
    bias = at_least(bias_variance, 0, "bias variances")
    lengths = [spreads[0] * at_least(input_length, 0, "the input length") + bias]
    for spread in spreads[1:]:
        lengths.append(length_map(lengths[-1], activation, spread, bias))
    return np.array(lengths)


def gradient_profile(lengths: ArrayLike, activation: str, weight_variances: ArrayLike) -> Array:
    """Return |delta^l| / |delta^L| for l = 1..L, from q^1..q^L and n_{l-1} Var w^l, all (L,)."""
    q, spreads = at_least(lengths, 0, "lengths"), at_least(weight_variances, 0, "weight variances")
    if q.shape != spreads.shape or q.ndim != 1:
        raise ConfigError(
            f"widths do not chain: {q.size} lengths for {spreads.size} weight variances"
        )
    chi = gradient_map(q[:-1], activation, spreads[1:])
    return np.sqrt(np.concatenate([np.cumprod(chi[::-1])[::-1], [1.0]]))


def _mean_square(function: Callable[[Array], Array], length: ArrayLike) -> Array:
    q = at_least(length, 0, "lengths")
    smallest = np.finfo(np.float64).tiny  # stands for the limit q -> 0+, where relu' is 0 or 1
    z = np.sqrt(np.maximum(q, smallest))[..., None] * _NODES
    return np.asarray(function(z) ** 2 @ _WEIGHTS)
