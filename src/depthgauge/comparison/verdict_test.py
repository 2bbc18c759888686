"""How likely chance alone moves a claim's number as far as from one judgement to the other.

A judgement holds n, an estimate and an interval, not the seeds' own numbers; the rule says which
interval it is, and so the standard error behind it (claims/rules.py, claims/statistics.py).
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import stats

from depthgauge.claims.rules import Kind
from depthgauge.claims.statistics import CONFIDENCE

Verdict = Mapping[str, Any]
"""One object of results/claims.json."""

TAIL = (1 + CONFIDENCE) / 2

LEAST = 1e-9
"""A percentage that four digits round to 0 or 100 is taken to be so far from it."""

PREDICTIONS = (Kind.prediction, Kind.geometric_prediction, Kind.logit_prediction)
"""Rules whose interval is that of one more run."""

SCALES: dict[str, Callable[[float], float]] = {
    Kind.geometric_mean: math.log,
    Kind.geometric_prediction: math.log,
    Kind.logit_prediction: lambda percent: math.log(
        max(percent, LEAST) / max(100 - percent, LEAST)
    ),
}
"""Kind of the rule -> the scale on which its interval is symmetric, where that is another one."""


def p_value(first: Verdict, second: Verdict) -> float | None:
    """Return the probability of a difference this large, or larger, if nothing had changed.

    None where no test fits: one does not say of what kind its rule is, as those of version 1, or
    says one that this version does not know. Both have a number and the same rule. Numbers that
    agree in all digits stored give 1. Seeds that both have are taken for independent ones, which
    errs on the side of chance.
    """
    if _same_digits(first, second):
        return 1.0
    kind = first.get("kind")
    test = TESTS.get(kind or "")
    return test(first, second) if test and second.get("kind") == kind else None


def _means(first: Verdict, second: Verdict) -> float:
    """Welch's test. Source: Welch, Biometrika 34 (1947), 28-35."""
    one, two = (_estimate(each) for each in (first, second))
    error = math.hypot(one[1], two[1])
    if error == 0:
        return 0.0
    shares = ((side[1] / error) ** 4 for side in (one, two))  # their sum may be beyond floats
    parts = sum(
        share / (each["n"] - 1) for share, each in zip(shares, (first, second), strict=True)
    )
    return float(2 * stats.t.sf(abs(one[0] - two[0]) / error, 1 / parts))


def _estimate(verdict: Verdict) -> tuple[float, float]:
    """Return the mean and its standard error, on the scale on which the rule takes them."""
    n, measured, kind = verdict["n"], verdict["measured"], verdict["kind"]
    scale = SCALES.get(kind, float)
    low, high = map(scale, verdict["interval"])
    paired = verdict.get("rule_arguments", {}).get("paired", True)
    half = (high - low) / (2 * float(stats.t.ppf(TAIL, (n - 1) * (1 if paired else 2))))
    if kind in PREDICTIONS:
        half /= math.sqrt(n + 1)  # s sqrt(1 + 1/n) -> s / sqrt(n)
    unit = last_digit(measured)
    digit = scale(measured + unit / 2) - scale(measured - unit / 2)
    return scale(measured), math.hypot(half, digit / 3.5)


def _fractions(first: Verdict, second: Verdict) -> float:
    """Fisher's exact test of the seeds that met the condition."""
    counts = [(round(each["measured"] * each["n"]), each["n"]) for each in (first, second)]
    found = stats.fisher_exact([[met, n - met] for met, n in counts])
    return float(np.asarray(found)[1])


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
    if min(*first["interval"], *second["interval"]) <= 0:
        return 1.0
    z = float(stats.norm.ppf(TAIL))
    errors = [math.log(each["interval"][1] / each["interval"][0]) for each in (first, second)]
    error = math.hypot(*errors) / (2 * z)
    moved = abs(math.log(first["measured"] / second["measured"]))
    return float(2 * stats.norm.sf(moved / error)) if error else 0.0


def _together(first: Verdict, second: Verdict) -> float:
    """Hotelling's T^2 of two samples, of the logarithms of several readings of each seed.

    Source: Johnson and Wichern, Applied Multivariate Statistical Analysis, section 6.3.
    """
    one, two = (np.log(np.array(each["values"])) for each in (first, second))
    (n, p), m = one.shape, len(two)
    if two.shape[1] != p or min(n, m) < 2:
        return 0.0  # other readings; or all seeds of one side agree, and the numbers moved
    pooled = ((n - 1) * np.cov(one.T) + (m - 1) * np.cov(two.T)) / (n + m - 2)
    gap = one.mean(axis=0) - two.mean(axis=0)
    distance = float(gap @ np.linalg.pinv(pooled * (1 / n + 1 / m)) @ gap)
    degrees = n + m - p - 1
    if degrees < 1:
        return 1.0  # too few nets for so many readings
    return float(stats.f.sf(distance * degrees / (p * (n + m - 2)), p, degrees))


TESTS: dict[str, Callable[[Verdict, Verdict], float]] = {
    Kind.mean: _means,
    Kind.geometric_mean: _means,
    Kind.prediction: _means,
    Kind.geometric_prediction: _means,
    Kind.logit_prediction: _means,
    Kind.joint: _together,
    Kind.fraction: _fractions,
    Kind.range: _ranges,
    Kind.spread: _spreads,
}
"""Kind of the rule -> the test for its numbers."""


def last_digit(value: float) -> float:
    """Return the unit of the last of the 4 significant digits that a judgement keeps."""
    return 10.0 ** (math.floor(math.log10(abs(value))) - 3) if value else 1e-300


def _same_digits(first: Verdict, second: Verdict) -> bool:
    one, two = first["measured"], second["measured"]
    return abs(one - two) <= 1.001 * last_digit(max(abs(one), abs(two)))
