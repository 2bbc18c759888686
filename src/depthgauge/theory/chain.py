"""A net of width 1: dC/db_1 as a product of factors w_j f'(z_j).

Source: Nielsen, ch. 5, equations 114-122. Neurons are numbered 1..L along the last axis; every
function takes any number of chains along the axes before it.
"""

import numpy as np
from numpy.typing import ArrayLike

from depthgauge.errors import ConfigError
from depthgauge.theory.activations import find_activation
from depthgauge.theory.arrays import FLOAT64, Array, finite


def chain_pre_activations(
    weights: ArrayLike, biases: ArrayLike, inputs: ArrayLike, activation: str = "sigmoid"
) -> Array:
    """Return z_j = w_j a_{j-1} + b_j, shape (..., L), for weights and biases of that shape.

    `inputs` is a_0, shape (...). Source: the text before equation 114.
    Raises ConfigError for values that are not finite or shapes that do not fit.
    """
    w, b = finite(weights, "weights"), finite(biases, "biases")
    _same_depth(w, b, "weights", "biases")
    f = find_activation(activation).value
    a = finite(inputs, "inputs")
    z = []
    for j in range(w.shape[-1]):
        z.append(w[..., j] * a + b[..., j])
        a = f(z[-1])
    return np.stack(z, axis=-1)


def chain_factors(
    weights: ArrayLike, pre_activations: ArrayLike, activation: str = "sigmoid"
) -> Array:
    """Return w_j f'(z_j), shape (..., L): what each neuron multiplies the signal by (eq. 122)."""
    w, z = finite(weights, "weights"), finite(pre_activations, "pre-activations")
    _same_depth(w, z, "weights", "pre-activations")
    return w * find_activation(activation).slope(z)


def chain_bias_gradients(
    weights: ArrayLike,
    pre_activations: ArrayLike,
    output_slope: ArrayLike,
    activation: str = "sigmoid",
) -> Array:
    """Return dC/db_l = f'(z_l) w_{l+1} f'(z_{l+1}) ... w_L f'(z_L) dC/da_L, shape (..., L).

    `output_slope` is dC/da_L, shape (...). Source: equations 114 and 122 (l = 1), exact.
    """
    factors = chain_factors(weights, pre_activations, activation)
    beyond = np.ones_like(factors)
    beyond[..., :-1] = np.cumprod(factors[..., :0:-1], axis=-1)[..., ::-1]
    slopes = find_activation(activation).slope(finite(pre_activations, "pre-activations"))
    return slopes * beyond * finite(output_slope, "output slope")[..., None]


def chain_derivatives(weights: ArrayLike, biases: ArrayLike, inputs: ArrayLike) -> Array:
    """Return da_L/db_1 of sigmoid chains, shape (...), by a complex step: no chain rule in it.

    Im a_L(b_1 + i h) / h has no cancellation, so a step of h = 1e-100 leaves rounding alone.
    Source: Squire and Trapp, SIAM Review 40 (1998), 110-112.
    """
    w, b = finite(weights, "weights"), finite(biases, "biases")
    _same_depth(w, b, "weights", "biases")
    step = 1e-100
    a = finite(inputs, "inputs").astype(np.complex128)
    for j in range(w.shape[-1]):
        z = w[..., j] * a + b[..., j] + (1j * step if j == 0 else 0)
        a = 1 / (1 + np.exp(-z))
    return a.imag / step


def chain_tolerance(weights: ArrayLike, pre_activations: ArrayLike) -> Array:
    """Return by how much rounding can set equation 122 apart from the derivative, relative, (...).

    Per neuron: z errs by about (2 + |w| + |z|) epsilon, |sigma''| <= sigma', and a dozen roundings
    in the slopes and the product of either side.
    """
    w, z = finite(weights, "weights"), finite(pre_activations, "pre-activations")
    _same_depth(w, z, "weights", "pre-activations")
    return FLOAT64 * (14 + np.abs(w) + np.abs(z)).sum(axis=-1)


def first_to_third(
    weights: ArrayLike, pre_activations: ArrayLike, activation: str = "sigmoid"
) -> Array:
    """Return (dC/db_1) / (dC/db_3) = f'(z_1) w_2 f'(z_2) w_3, shape (...).

    Where |w_j f'(z_j)| < 1/4 for both it is below 1/16 in modulus: "a factor of 16 (or more)".
    Source: Nielsen, ch. 5, the comparison after equation 122. Needs three neurons or more.
    """
    w, z = finite(weights, "weights"), finite(pre_activations, "pre-activations")
    _same_depth(w, z, "weights", "pre-activations")
    if w.shape[-1] < 3:
        raise ConfigError(
            f"comparing dC/db_1 with dC/db_3 needs 3 neurons: the chain has {w.shape[-1]}"
        )
    slopes = find_activation(activation).slope(z[..., :2])
    return slopes[..., 0] * w[..., 1] * slopes[..., 1] * w[..., 2]


def exploding_chain(depth: int, inputs: float, weight: float = 100.0) -> tuple[Array, Array]:
    """Return weights and biases, each (depth,), of a sigmoid chain with every z_j = 0.

    Then every factor is weight * sigma'(0): 25 at Nielsen's weight of 100, at any depth and any
    a_0. Source: Nielsen, ch. 5, "the exploding gradient problem": b_1 = -100 a_0, and so on.
    """
    if depth < 1:
        raise ConfigError(f"a chain of {depth} neurons has no gradient: give a depth of 1 or more")
    before = np.full(depth, 0.5)  # sigma(0), what every neuron but the first is fed
    before[0] = finite(inputs, "inputs")
    return np.full(depth, weight), -finite(weight, "weights") * before


def _same_depth(one: Array, other: Array, one_name: str, other_name: str) -> None:
    depths = [array.shape[-1] if array.ndim else 0 for array in (one, other)]
    if depths[0] != depths[1] or depths[0] == 0:
        raise ConfigError(
            f"a chain needs one of each for every neuron: there are {depths[0]} {one_name}"
            f" and {depths[1]} {other_name}"
        )
