"""How large a gradient can be at most: the identity (*) and the bound (**), and their slack.

(*)  |dC/dw^l| = |dC/db^l| |a^{l-1}|, one example at a time: rank one.
(**) |dC/db^l| <= gamma^(L-l+1) prod_{r=l+1..L} |w^r|_2 |a^L - y|, also for means over a batch.
Source: Milman's answer. Leading axes (replica, step) are free everywhere.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from depthgauge.errors import ConfigError
from depthgauge.theory.arrays import FLOAT64, Array, at_least, finite


def spectral_norms(weights: Sequence[Array]) -> Array:
    """Return |w^r|_2 for w^1..w^L of shape (..., n_out, n_in), shape (..., L).

    Exact, by singular values, not by power iteration, which comes from below and could break (**).
    """
    checked = [finite(w, f"weights of layer {r}") for r, w in enumerate(weights, start=1)]
    return np.stack([np.linalg.svdvals(w).max(axis=-1) for w in checked], axis=-1)


def bias_gradient_bound(
    spectral: ArrayLike, error: ArrayLike, gamma: float, output_gain: float
) -> Array:
    """Return the right-hand side of (**) for every layer, shape (..., L).

    `spectral` is |w^1|_2..|w^L|_2, shape (..., L); `error` is |a^L - y|, or its mean over the
    batch, shape (...); `gamma` belongs to the hidden layers. `output_gain` is gamma of the output
    layer for the quadratic cost and 1 for cross-entropy, which has no last f'.
    """
    steps = gamma * at_least(spectral, 0, "spectral norms")
    beyond = np.ones_like(steps)
    beyond[..., :-1] = np.cumprod(steps[..., :0:-1], axis=-1)[..., ::-1]
    return beyond * output_gain * at_least(error, 0, "errors")[..., None]


def tightness(norms: ArrayLike, bound: ArrayLike) -> Array:
    """Return norms / bound: 1 where the bound is reached, above 1 where it is broken.

    Where both are 0 the bound is reached.
    """
    measured, most = at_least(norms, 0, "norms"), at_least(bound, 0, "bounds")
    measured, most = np.broadcast_arrays(measured, most)
    reached = np.where(measured > 0, np.inf, 1.0)
    return np.divide(measured, most, out=reached, where=most > 0)


def bound_tolerance(widths: Sequence[int], examples: int = 1, epsilon: float = FLOAT64) -> float:
    """Return by how much rounding can lift tightness above 1, for widths n_0..n_L.

    A rounded w^T delta errs by at most n_r u |w|^T |delta| (u = epsilon / 2), and
    | |w| |_2 <= sqrt(rank) |w|_2; a singular value by about max(n_r, n_{r-1}) epsilon |w|_2; f',
    the products and the norms by a dozen u a layer; a mean over examples by one u for each.
    """
    layers = [
        after * np.sqrt(min(after, before)) + 2 * max(after, before) + 12
        for before, after in pairwise(widths[1:])
    ]
    return float(epsilon / 2 * (sum(layers) + max(widths) + 12 + examples))


def rank_one_gap(weight_gradient: ArrayLike, delta: ArrayLike, before: ArrayLike) -> Array:
    """Return how far (*) is from equality, relative, in Frobenius and in spectral norm, (..., 2).

    dC/dw^l (..., n_out, n_in) of single examples, delta^l (..., n_out), a^{l-1} (..., n_in).
    """
    gradient, d, a = (
        finite(values, name)
        for values, name in (
            (weight_gradient, "weight gradients"),
            (delta, "deltas"),
            (before, "activations"),
        )
    )
    if gradient.shape[-2:] != (d.shape[-1], a.shape[-1]):
        raise ConfigError(
            f"weight gradients of shape {gradient.shape} do not fit {d.shape[-1]} deltas and"
            f" {a.shape[-1]} activations"
        )
    product = np.linalg.norm(d, axis=-1) * np.linalg.norm(a, axis=-1)
    measured = [np.linalg.norm(gradient, order, axis=(-2, -1)) for order in ("fro", 2)]
    return np.abs(tightness(np.stack(measured, axis=-1), product[..., None]) - 1)


def rank_one_tolerance(n_out: int, n_in: int, epsilon: float = FLOAT64) -> float:
    """Return the largest gap of (*) that rounding explains.

    With u = epsilon / 2: a sum of N rounded squares errs by N u, its root by half of that, here
    for N = n_out n_in, n_out and n_in; a dozen u for products and roots; a singular value by
    max(n_out, n_in) epsilon.
    """
    sums = (n_out * n_in + n_out + n_in) / 2
    return epsilon / 2 * (sums + 12 + 2 * max(n_out, n_in))


def factor_per_layer(norms: ArrayLike) -> Array:
    """Return the geometric mean factor from one layer to the next toward the output, shape (...).

    `norms` is (..., layer), two layers or more: of a gradient measured, a bound or a prediction.
    Above 1 the signal shrinks on its way to the input; infinite where nothing reaches layer 1.
    """
    values = at_least(norms, 0, "norms")
    if values.shape[-1] < 2:
        raise ConfigError("a factor per layer needs the norms of 2 layers or more")
    first, last = values[..., 0], values[..., -1]
    ratio = np.divide(last, first, out=np.full(first.shape, np.inf), where=first > 0)
    return ratio ** (1 / (values.shape[-1] - 1))
