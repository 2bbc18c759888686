"""Where a neuron does not shrink the signal, measured: no formula but sigma' itself."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from depthgauge.theory import find_activation

HALVINGS = 60
"""Of a bracket of some units: down to the last bit."""


def measured_steepness(
    weights: Float[np.ndarray, " weight"], biases: Float[np.ndarray, "replica 1"]
) -> tuple[Float[np.ndarray, "replica weight"], Float[np.ndarray, "replica weight"]]:
    """Return the width of {a: |w sigma'(w a + b)| >= 1} and the largest |w sigma'(w a + b)|.

    Both ends are found by bisection outward from a = -b/w, where the sigmoid is steepest; a width
    is 0 where there is no such a. Source: Nielsen, ch. 5, the problems before equation 123.
    """
    slope = find_activation("sigmoid").slope
    centre = -biases / weights

    def factor(a: np.ndarray) -> np.ndarray:
        return weights * slope(weights * a + biases)

    peak = factor(centre)
    ends = [_last_above(factor, centre, centre + sign * 40 / weights) for sign in (-1, 1)]
    return np.where(peak >= 1, ends[1] - ends[0], 0.0), peak


def _last_above(
    factor: Callable[[np.ndarray], np.ndarray], inside: np.ndarray, outside: np.ndarray
) -> np.ndarray:
    """Bisect between a place where the factor is 1 or more and one where it is less."""
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        above = factor(middle) >= 1
        inside, outside = np.where(above, middle, inside), np.where(above, outside, middle)
    return inside
