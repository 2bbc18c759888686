"""Intervals over seeds. Every seed is one independent draw; a published number is one more.

All are two-sided at 95 %, and all return (estimate, low, high).
"""

import math
from collections.abc import Callable

import numpy as np
import scipy  # its stats load when they are used: a table of claims is quicker without
from numpy.typing import NDArray

Values = NDArray[np.float64]
Interval = tuple[float, float, float]

CONFIDENCE = 0.95


def t_interval(values: Values) -> Interval:
    """Return the mean of `values`, (seed,), and its interval: mean +- t(n-1) s / sqrt(n).

    Of paired differences it is the paired t interval. Source: Student, Biometrika 6 (1908).
    """
    return _around_mean(values, math.sqrt(1 / len(values)))


def t_prediction_interval(values: Values) -> Interval:
    """Return the mean of `values`, (seed,), and where one more run would fall.

    mean +- t(n-1) s sqrt(1 + 1/n): the spread of a run and the doubt about the mean together.
    Source: Hahn and Meeker, Statistical Intervals (1991), section 4.7.
    """
    return _around_mean(values, math.sqrt(1 + 1 / len(values)))


def prediction_factor(n: int) -> float:
    """Return how many standard deviations of n runs one more may be from their mean."""
    return float(scipy.stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)) * math.sqrt(1 + 1 / n)


def geometric(interval: Callable[[Values], Interval], values: Values) -> Interval:
    """Return `interval` of positive `values`, (seed,), computed on a log scale.

    Norms and ratios spread by factors: the estimate is the geometric mean.
    """
    estimate, low, high = interval(np.log(values))
    return math.exp(estimate), math.exp(low), math.exp(high)


def welch_interval(first: Values, second: Values) -> Interval:
    """Return the mean of `first` minus that of `second` and its interval; the seeds share nothing.

    Both are (seed,). Source: Welch, Biometrika 34 (1947), 28-35.
    """
    parts = np.array([np.var(each, ddof=1) / len(each) for each in (first, second)])
    error, mean = math.sqrt(parts.sum()), float(first.mean() - second.mean())
    if error == 0:
        return mean, mean, mean
    degrees = parts.sum() ** 2 / (parts**2 / np.array([len(first) - 1, len(second) - 1])).sum()
    half = float(scipy.stats.t.ppf((1 + CONFIDENCE) / 2, degrees)) * error
    return mean, mean - half, mean + half


def prediction_distance(runs: Values, one: Values) -> float:
    """Return Hotelling's T^2 of one more run, (reading,), from `runs`, (seed, reading).

    With n runs and p readings, T^2 (n - p) / (p (n - 1)) has the F(p, n - p) distribution.
    """
    gap = one - runs.mean(axis=0)
    covariance = np.atleast_2d(np.cov(runs, rowvar=False)) * (1 + 1 / len(runs))
    return float(gap @ np.linalg.solve(covariance, gap))


def wilson_interval(successes: int, n: int) -> Interval:
    """Return the fraction of successes in `n` and Wilson's score interval.

    Unlike the usual one it stays inside [0, 1] and is not a point at 0 or n successes.
    Source: Wilson, JASA 22 (1927), 209-212.
    """
    z = float(scipy.stats.norm.ppf((1 + CONFIDENCE) / 2))
    fraction = successes / n
    centre = (fraction + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(fraction * (1 - fraction) / n + (z / (2 * n)) ** 2)
    return fraction, max(0.0, centre - half), min(1.0, centre + half)


def least_significant_difference(first: Values, second: Values) -> Interval:
    """Return the smallest significant difference between one run of each kind.

    It is z sqrt(s1^2 + s2^2) with z = 1.96; `first` and `second` are (seed,) each. The interval is
    that of the variance, chi-squared with the degrees of freedom of Satterthwaite, Biometrics
    Bulletin 2 (1946), 110-114; for 10 and 10 runs of equal spread it covers 96 %. Runs without a
    spread give (0, 0, 0).
    """
    variances = np.array([np.var(first, ddof=1), np.var(second, ddof=1)])
    total = float(variances.sum())
    if total == 0:
        return 0.0, 0.0, 0.0
    degrees = total**2 / float((variances**2 / (np.array([len(first), len(second)]) - 1)).sum())
    tail = (1 - CONFIDENCE) / 2
    z = float(scipy.stats.norm.ppf(1 - tail))
    low, high = (math.sqrt(degrees / scipy.stats.chi2.ppf(p, degrees)) for p in (1 - tail, tail))
    least = z * math.sqrt(total)
    return least, least * low, least * high


def _around_mean(values: Values, factor: float) -> Interval:
    """Return the mean and mean +- t(n-1) s `factor`."""
    mean = float(values.mean())
    t = float(scipy.stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1))
    half = t * float(values.std(ddof=1)) * factor
    return mean, mean - half, mean + half
