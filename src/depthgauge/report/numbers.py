"""Numbers as sentences write them."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import gmean


def brief(value: float, digits: int = 3) -> str:
    """Return a number with `digits` significant digits and commas, never as a power of ten."""
    return f"{float(f'{value:.{digits}g}'):,.10g}"


def span(values: Iterable[float]) -> str:
    """Return the ends of `values`, as in "2.5 to 3.1", or one number where both are the same."""
    known = list(values)
    return " to ".join(dict.fromkeys(brief(end) for end in (min(known), max(known))))


def typical(values: ArrayLike) -> float:
    """Return the geometric mean of all `values`."""
    return float(gmean(np.ravel(values).astype(float)))
