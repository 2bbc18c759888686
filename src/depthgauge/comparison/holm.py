"""Many tests at once."""

from collections.abc import Sequence

import numpy as np

LEVEL = 0.05
"""How often a comparison of two results that differ by chance alone may say otherwise."""


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values adjusted for their number: below LEVEL is beyond chance for the whole family.

    Valid whatever the dependence. Source: Holm, Scandinavian Journal of Statistics 6 (1979), 65-70.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return adjusted.tolist()
