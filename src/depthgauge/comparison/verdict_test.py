"""How likely chance alone moves a claim's number as far as from one judgement to the other.

A judgement holds the number, or the readings, of each seed (claims/stored.py); the kind of its rule
says on which scale they are normal.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import special, stats

from depthgauge.claims.rules import Kind
from depthgauge.claims.statistics import CONFIDENCE, Values

Verdict = Mapping[str, Any]
"""One object of results/claims.json."""

Test = Callable[[Verdict, Verdict], float]


def p_value(first: Verdict, second: Verdict) -> float | None:
    """Return the probability of a difference this large, or larger, if nothing had changed.

    None if no test applies: the kind of rule is unknown, or the seeds' numbers are missing, as in
    verdicts of version 1. Both have a number and the same rule. Numbers that agree in all digits
    stored give 1. Seeds in both count as independent, which makes p too large if anything.
    """
    if _same_digits(first, second):
        return 1.0
    kind = first.get("kind")
    test = TESTS.get(kind or "")
    one, two = _with_array(first), _with_array(second)
    if test is None or second.get("kind") != kind or one is None or two is None:
        return None
    with np.errstate(all="ignore"):
        p = test(one, two)
    return p if math.isfinite(p) else None


def _with_array(verdict: Verdict) -> Verdict | None:
    """Return a verdict whose values are an array, (seed,) or (seed, reading); None without them."""
    try:
        values = np.array(verdict["values"], np.float64)
        if len(values) == 1:  # all seeds agree
            values = np.repeat(values, verdict["n"], axis=0)
        return {**verdict, "values": values} if len(values) == verdict["n"] else None
    except (KeyError, TypeError, ValueError):
        return None


def _on_scale(scale: Callable[[Values], Values]) -> Test:
    """Return the test of means on a scale; of several readings of each seed, together."""

    def test(first: Verdict, second: Verdict) -> float:
        one, two = scale(first["values"]), scale(second["values"])
        return _hotelling(one, two) if one.ndim > 1 or two.ndim > 1 else _welch(one, two)

    return test


def _difference(values: Values) -> Values:
    """Return the number of each seed; of unpaired runs, (seed, 2), the differences."""
    return values if values.ndim == 1 else values[:, 0] - values[:, 1]


def _welch(first: Values, second: Values) -> float:
    """Compare two means. Source: Welch, Biometrika 34 (1947), 28-35."""
    one, two = ((each.mean(), each.std(ddof=1), len(each)) for each in (first, second))
    if one[1] == two[1] == 0:
        return 0.0
    return float(stats.ttest_ind_from_stats(*one, *two, equal_var=False).pvalue)


def _hotelling(first: Values, second: Values) -> float:
    """Compare two means of several readings, (seed, reading), by Hotelling's two-sample T^2.

    Source: Johnson and Wichern, Applied Multivariate Statistical Analysis, section 6.3.
    """
    n, m = len(first), len(second)
    if first.shape[1:] != second.shape[1:] or min(n, m) < 2:
        return 0.0  # other readings
    p = first.shape[1]
    pooled = ((n - 1) * np.cov(first.T) + (m - 1) * np.cov(second.T)) / (n + m - 2)
    gap = first.mean(axis=0) - second.mean(axis=0)
    if not np.isfinite(pooled).all():
        return math.nan
    distance = float(gap @ np.linalg.pinv(pooled * (1 / n + 1 / m)) @ gap)
    degrees = n + m - p - 1
    if degrees < 1:
        return 1.0  # too few nets for this many readings
    return float(stats.f.sf(distance * degrees / (p * (n + m - 2)), p, degrees))


def _fractions(first: Verdict, second: Verdict) -> float:
    """Fisher's exact test of the seeds that met the condition."""
    met = [(each["values"] > 0.5).sum() for each in (first, second)]
    table = [[count, each["n"] - count] for count, each in zip(met, (first, second), strict=True)]
    return float(np.asarray(stats.fisher_exact(table))[1])


def _ranges(first: Verdict, second: Verdict) -> float:
    """The interval holds the least and the largest seed: disjoint ranges are 2 orders of many.

    Among all orders of the seeds of both, equally likely if nothing changed.
    """
    (low, high), (bottom, top) = first["interval"], second["interval"]
    if high < bottom or top < low:
        n, m = first["n"], second["n"]  # whose binomial coefficient may be beyond floats
        orders = math.lgamma(n + m + 1) - math.lgamma(n + 1) - math.lgamma(m + 1)
        return min(1.0, 2 * math.exp(-orders))
    return 1.0


def _spreads(first: Verdict, second: Verdict) -> float:
    """Compare two standard deviations on a log scale, their errors read off the intervals."""
    one, two = (np.log([each["measured"], *each["interval"]]) for each in (first, second))
    error = math.hypot(one[2] - one[1], two[2] - two[1]) / (
        2 * stats.norm.ppf((1 + CONFIDENCE) / 2)
    )
    return float(2 * stats.norm.sf(abs(one[0] - two[0]) / error)) if error else 0.0


TESTS: dict[str, Test] = {
    Kind.mean: _on_scale(_difference),
    Kind.prediction: _on_scale(_difference),
    Kind.geometric_mean: _on_scale(np.log),
    Kind.geometric_prediction: _on_scale(np.log),
    Kind.joint: _on_scale(np.log),
    Kind.logit_prediction: _on_scale(lambda percent: special.logit(percent / 100)),
    Kind.fraction: _fractions,
    Kind.range: _ranges,
    Kind.spread: _spreads,
}
"""Kind of the rule -> the test for its numbers."""


def _same_digits(first: Verdict, second: Verdict) -> bool:
    """Whether the numbers differ by at most one unit of the last of their 4 digits."""
    one, two = first["measured"], second["measured"]
    largest = max(abs(one), abs(two))
    unit = 10.0 ** (math.floor(math.log10(largest)) - 3) if largest else 0.0
    return abs(one - two) <= 1.001 * unit
