"""Intervals agree with scipy's own and with the tables, and cover as often as they say."""

import math

import numpy as np
import pytest
from scipy import stats

from depthgauge.claims.statistics import (
    geometric,
    least_significant_difference,
    t_interval,
    t_prediction_interval,
    wilson_interval,
)

DRAWS = 4000
TOLERANCE = 4 * math.sqrt(0.95 * 0.05 / DRAWS)  # four standard errors of a coverage of 95 %


def test_t_interval_is_scipys():
    """The interval of a mean equals scipy.stats.ttest_1samp's, for 2 seeds and for many."""
    for n in (2, 10, 400):
        values = np.random.default_rng(n).normal(3.0, 2.0, n)
        mean, low, high = t_interval(values)
        expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
        assert mean == pytest.approx(values.mean())
        assert (low, high) == pytest.approx((expected.low, expected.high))


def test_a_paired_difference_excludes_zero_when_the_paired_t_test_rejects():
    """The interval of differences and scipy.stats.ttest_rel's p value say the same."""
    rng = np.random.default_rng(1)
    agreed = []
    for shift in np.linspace(0, 1.5, 50):
        first = rng.normal(size=10)
        second = first + rng.normal(shift, 1.0, 10)
        _, low, high = t_interval(second - first)
        agreed.append((not low <= 0 <= high) == (stats.ttest_rel(second, first).pvalue < 0.05))
    assert all(agreed)


def test_prediction_interval_by_hand():
    """For 1, 2, 3, 4, 5: mean 3, s^2 = 2.5, t(0.975, 4) = 2.776 as tables print it."""
    mean, low, high = t_prediction_interval(np.arange(1.0, 6.0))
    half = 2.776 * math.sqrt(2.5 * (1 + 1 / 5))
    assert (mean, low, high) == pytest.approx((3, 3 - half, 3 + half), abs=1e-3)


@pytest.mark.parametrize("n", [2, 10, 30])
@pytest.mark.parametrize("log", [False, True])
def test_prediction_interval_covers_the_next_run_in_95_percent(n, log):
    """Of many repetitions, the next draw falls inside as often as promised, however small n."""
    rng = np.random.default_rng(10 * n + log)
    inside = 0
    for draws in rng.normal(1.0, 0.5, (DRAWS, n + 1)):
        runs = np.exp(draws) if log else draws
        found = t_prediction_interval
        _, low, high = geometric(found, runs[:-1]) if log else found(runs[:-1])
        inside += low <= runs[-1] <= high
    assert inside / DRAWS == pytest.approx(0.95, abs=TOLERANCE)


def test_central_quantiles_of_ten_runs_would_not_cover():
    """Why not simply the range of ten seeds: it misses the next run 18 times in 100 (2 / 11)."""
    draws = np.random.default_rng(2).normal(size=(DRAWS, 11))
    inside = (draws[:, :-1].min(axis=1) <= draws[:, -1]) & (
        draws[:, -1] <= draws[:, :-1].max(axis=1)
    )
    assert inside.mean() == pytest.approx(9 / 11, abs=0.03)


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (3, 10), (10, 10), (391, 400), (1, 2)])
def test_wilson_interval_is_scipys(successes, n):
    """Limits equal those of scipy's binomial test, method wilson."""
    expected = stats.binomtest(successes, n).proportion_ci(0.95, method="wilson")
    fraction, low, high = wilson_interval(successes, n)
    assert fraction == successes / n
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_coverage_is_near_95_percent_on_average():
    """Exact coverage, summed over the binomial distribution, averages 95 % over fractions."""
    for n in (10, 30):
        limits = [wilson_interval(k, n)[1:] for k in range(n + 1)]
        coverage = []
        for p in np.linspace(0.02, 0.98, 97):
            covered = [low <= p <= high for low, high in limits]
            coverage.append(stats.binom.pmf(np.arange(n + 1), n, p)[covered].sum())
        assert np.mean(coverage) == pytest.approx(0.95, abs=0.01)


def test_geometric_interval_scales_with_the_unit():
    """In another unit everything is multiplied; the inverse values give the inverse interval."""
    values = np.array([0.5, 2.0, 3.0, 1.5])
    mean, low, high = geometric(t_interval, values)
    assert mean == pytest.approx(stats.gmean(values))
    assert geometric(t_interval, 7 * values) == pytest.approx((7 * mean, 7 * low, 7 * high))
    assert geometric(t_interval, 1 / values) == pytest.approx((1 / mean, 1 / high, 1 / low))


def test_least_significant_difference_covers_the_true_one():
    """Its interval holds 1.96 sqrt(s1^2 + s2^2) of the true spreads in 95 % of repetitions or more.

    More, because Satterthwaite's degrees of freedom, from estimated spreads, are too few.
    """
    rng = np.random.default_rng(3)
    truth = 1.959964 * math.hypot(0.2, 0.2)
    inside = 0
    for first, second in rng.normal(0, 0.2, (DRAWS, 2, 10)):
        _, low, high = least_significant_difference(first, second)
        inside += low <= truth <= high
    assert 0.95 - TOLERANCE < inside / DRAWS < 0.98


def test_least_significant_difference_takes_two_spreads_or_none():
    """One quiet kind of run adds nothing to the other's spread; two quiet ones leave zero."""
    noisy, quiet = np.array([1.0, 2.0, 3.0, 4.0]), np.full(4, 5.0)
    least, low, high = least_significant_difference(noisy, quiet)
    assert least == pytest.approx(1.959964 * noisy.std(ddof=1))
    chi = stats.chi2(3)
    expected = [least * math.sqrt(3 / chi.ppf(p)) for p in (0.975, 0.025)]
    assert (low, high) == pytest.approx(tuple(expected))
    assert least_significant_difference(quiet, noisy) == pytest.approx((least, low, high))
    assert least_significant_difference(quiet, quiet) == (0, 0, 0)
