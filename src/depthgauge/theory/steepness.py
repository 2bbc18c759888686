"""Where a sigmoid neuron does not shrink the signal: |w sigma'(w a + b)| >= 1.

Source: Nielsen, ch. 5, problems on the vanishing gradient, equation 123.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from depthgauge.theory.arrays import Array, finite


def steep_width(weights: ArrayLike) -> Array:
    """Return the width of the interval of a in which |w sigma'(w a + b)| >= 1, for each weight.

    (2/|w|) ln(|w| (1 + sqrt(1 - 4/|w|)) / 2 - 1), whatever b is; 0 below |w| = 4, where there
    is no such a. Source: equation 123.
    """
    size = np.maximum(np.abs(finite(weights, "weights")), 4.0)  # at 4 the formula itself gives 0
    return 2 / size * np.log(size * (1 + np.sqrt(1 - 4 / size)) / 2 - 1)


def steep_interval(weight: float, bias: float) -> tuple[float, float] | None:
    """Return the least and the largest a with |w sigma'(w a + b)| >= 1, None if there is none.

    It is centred where w a + b = 0, the sigmoid's steepest point. Source: equation 123.
    """
    w, b = float(finite(weight, "weights")), float(finite(bias, "biases"))
    if abs(w) < 4:
        return None
    half = float(steep_width(w)) / 2
    return -b / w - half, -b / w + half


def widest_steepness() -> tuple[float, float]:
    """Return the |w| at which that interval is widest, and its width: about 6.9 and 0.45.

    Source: Nielsen, ch. 5, problem after equation 123; found numerically.
    """
    best = minimize_scalar(
        lambda w: -float(steep_width(w)), bounds=(4, 100), method="bounded", options={"xatol": 1e-9}
    )
    return float(best.x), -float(best.fun)
