"""Each word of science has one number, and each rule can come out in every way it may."""

import numpy as np
import pytest

from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.rules import (
    ALIKE,
    ALWAYS,
    MOSTLY,
    MUCH,
    NEVER_ABOVE_ONE,
    NOT_MUCH,
    NOT_SIGNIFICANT,
    ORDERING,
    PREDICTED,
    as_printed,
    close,
    printed,
    published_number,
    roughly,
)

NOISE = np.random.default_rng(0).standard_normal(20)
NOISE = (NOISE - NOISE.mean()) / NOISE.std(ddof=1)  # mean 0, spread 1: intervals known by hand
T_HALF = 2.093 / np.sqrt(20)  # t(0.975, 19) s / sqrt(n)


def around(factor, spread=0.02):
    """Positive numbers with this geometric mean."""
    return factor * np.exp(spread * NOISE)


def share(ones, n):
    return np.array([1.0] * ones + [0.0] * (n - ones))


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        (ORDERING, NOISE + 1, "holds"),
        (ORDERING, NOISE - 1, "fails"),
        (ORDERING, NOISE, "inconclusive"),
        (ORDERING, np.zeros(20), "inconclusive"),
        (close(0.5), 0.1 * NOISE, "holds"),
        (close(0.5), NOISE + 3, "fails"),
        (close(0.5), NOISE - 3, "fails"),
        (close(0.5), NOISE + 0.5, "inconclusive"),
        (ALWAYS, share(10, 10), "holds"),  # 0.722 to 1
        (ALWAYS, share(9, 10), "inconclusive"),  # 0.596 to 0.982
        (ALWAYS, share(3, 10), "fails"),  # 0.108 to 0.603
        (ALWAYS, share(3, 3), "inconclusive"),  # 0.438 to 1
        (MOSTLY, share(9, 10), "holds"),
        (MOSTLY, share(7, 10), "inconclusive"),  # 0.397 to 0.892
        (MOSTLY, share(1, 10), "fails"),  # 0.018 to 0.404
        (roughly(100), around(120), "holds"),
        (roughly(100), around(210), "fails"),
        (roughly(100), around(45), "fails"),
        (roughly(100), around(200), "inconclusive"),
        (MUCH, around(2.1), "holds"),
        (MUCH, around(1.9), "fails"),
        (MUCH, around(2.0), "inconclusive"),
        (NOT_MUCH, around(1.9), "holds"),
        (NOT_MUCH, around(0.5), "holds"),
        (NOT_MUCH, around(2.1), "fails"),
        (ALIKE, around(1.4), "holds"),
        (ALIKE, around(1.6), "fails"),
        (ALIKE, around(1.5), "inconclusive"),
    ],
)
def test_an_interval_against_a_region(rule, values, expected):
    """Inside the region it holds, wholly outside it fails, across the edge it stays open."""
    found = rule.decide(values, None)
    assert found.verdict == expected
    assert found.reason


@pytest.mark.parametrize(
    ("published", "expected"), [(2.1, "holds"), (-2.1, "holds"), (2.2, "fails"), (-2.2, "fails")]
)
def test_a_number_is_judged_as_one_more_run(published, expected):
    """Twenty runs of spread 1 predict the next within 2.093 sqrt(1 + 1/20) = 2.145."""
    found = published_number().decide(NOISE, published)
    assert found.verdict == expected
    assert found.interval == pytest.approx((-2.1447, 2.1447), abs=1e-3)


def test_norms_are_judged_on_a_log_scale():
    """The interval of log-normal runs is the exponential of that of their logarithms."""
    found = published_number(log=True).decide(np.exp(NOISE), 8.0)
    assert found.verdict == "holds"
    assert found.interval == pytest.approx((np.exp(-2.1447), np.exp(2.1447)), rel=1e-3)
    assert published_number().decide(np.exp(NOISE), 8.0).verdict == "fails"
    assert PREDICTED.decide(np.exp(NOISE), 8.0) == found


def test_a_norm_of_zero_has_no_logarithm():
    """A ratio that is not positive leaves the claim open, with the reason."""
    with pytest.raises(UndecidableError, match="not positive"):
        MUCH.decide(np.array([1.0, 0.0, 2.0]), None)


def test_the_interval_shrinks_as_its_formula_says():
    """The ordering's interval is mean +- t s / sqrt(n)."""
    found = ORDERING.decide(NOISE + 1, None)
    assert found.interval == pytest.approx((1 - T_HALF, 1 + T_HALF), abs=1e-3)


@pytest.mark.parametrize(
    ("rule", "values", "published", "expected"),
    [
        (printed(0.005), np.array([0.45, 0.4549, 0.4451]), 0.45, "holds"),
        (printed(0.005), np.array([0.45, 0.4551, 0.45]), 0.45, "fails"),
        (as_printed(0.05), 6.9 + 0.01 * NOISE, 6.9, "holds"),
        (as_printed(0.05), 6.96 + 0.01 * NOISE, 6.9, "fails"),
        (as_printed(0.05), 6.84 + 0.01 * NOISE, 6.9, "fails"),
        (as_printed(0.05), 6.95 + 0.01 * NOISE, 6.9, "inconclusive"),
        (NEVER_ABOVE_ONE, np.array([0.2, 1.0, 0.9]), None, "holds"),
        (NEVER_ABOVE_ONE, np.array([0.2, 1.001, 0.9]), None, "fails"),
    ],
)
def test_constants_of_the_text(rule, values, published, expected):
    """One seed beside the number, or above 1, is enough to fail; 1 itself is not above it."""
    assert rule.decide(values, published).verdict == expected


def test_reasons_say_how_many_seeds_and_on_which_side():
    """A verdict and its reason agree."""
    off = printed(0.005).decide(np.array([0.45, 0.46, 0.47]), 0.45)
    assert off.reason == "2 of 3 seeds give another number"
    assert (off.measured, off.interval) == (pytest.approx(0.46), (0.45, 0.47))
    assert NEVER_ABOVE_ONE.decide(np.array([0.5, 2.0]), None).reason == "1 of 2 seeds go above 1"
    for published, word in ((0.0, "inside"), (9.0, "outside")):
        assert f" {word} the" in published_number().decide(NOISE, published).reason


@pytest.mark.parametrize(("published", "expected"), [(0.1, "holds"), (40.0, "fails")])
def test_a_small_difference_of_two_noisy_kinds_is_not_significant(published, expected):
    """Both columns count: the second is the noisy one here, and alone makes 0.1 too small."""
    values = np.stack([1e-6 * NOISE, NOISE[::-1]], axis=1)
    assert NOT_SIGNIFICANT.decide(values, published).verdict == expected
    assert NOT_SIGNIFICANT.decide(values[:, ::-1], published).verdict == expected
    quiet = np.stack([1e-6 * NOISE, 1e-6 * NOISE[::-1]], axis=1)
    assert NOT_SIGNIFICANT.decide(quiet, published).verdict == "fails"
