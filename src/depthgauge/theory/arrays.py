"""The numbers theory computes with: finite float64 arrays."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from depthgauge.errors import ConfigError

Array = NDArray[np.float64]

FLOAT64 = float(np.finfo(np.float64).eps)
"""Twice the largest relative error of one rounding."""


def finite(values: ArrayLike, name: str) -> Array:
    """Return `values` as float64.

    Raises ConfigError, calling them `name`, when one is NaN, infinite or no number.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ConfigError(f"{name} must be numbers, in an array of one shape") from None
    if not np.isfinite(array).all():
        raise ConfigError(
            f"{name} must be finite, and some are NaN or infinite: leave diverged networks out"
        )
    return array


def at_least(values: ArrayLike, least: float, name: str) -> Array:
    """Return `values` as float64; raises ConfigError when one is not finite or below `least`."""
    array = finite(values, name)
    if (array < least).any():
        raise ConfigError(f"{name} must be at least {least:g}, and the least is {array.min():g}")
    return array
