"""Each word of science has one number, and each rule can come out in every way it may."""

import numpy as np
import pytest

from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.judging import decided
from depthgauge.claims.number_rules import about, published_number, published_numbers
from depthgauge.claims.read_off_rule import read_off
from depthgauge.claims.rules import (
    alike,
    always,
    between,
    close,
    constant,
    mostly,
    much,
    never_above_one,
    not_significant,
    ordering,
    predicted,
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
        (ordering(), NOISE + 1, "holds"),
        (ordering(), NOISE - 1, "fails"),
        (ordering(), NOISE, "inconclusive"),
        (ordering(), np.zeros(20), "inconclusive"),
        (close(0.5), 0.1 * NOISE, "holds"),
        (close(0.5), NOISE + 3, "fails"),
        (close(0.5), NOISE - 3, "fails"),
        (close(0.5), NOISE + 0.5, "inconclusive"),
        (always(), share(97, 100), "holds"),  # 0.915 to 0.990
        (always(), share(94, 100), "inconclusive"),  # 0.875 to 0.972
        (always(), share(84, 100), "fails"),  # 0.756 to 0.899
        (always(), share(84, 99), "holds"),  # 0.765 to 0.906: below 100 nets 0.7 is enough
        (always(), share(10, 10), "holds"),  # 0.722 to 1
        (always(), share(9, 10), "inconclusive"),  # 0.596 to 0.982
        (always(), share(3, 10), "fails"),  # 0.108 to 0.603
        (always(), share(3, 3), "inconclusive"),  # 0.438 to 1
        (mostly(), share(9, 10), "holds"),
        (mostly(), share(7, 10), "inconclusive"),  # 0.397 to 0.892
        (mostly(), share(1, 10), "fails"),  # 0.018 to 0.404
        (roughly(100), around(120), "holds"),
        (roughly(100), around(210), "fails"),
        (roughly(100), around(45), "fails"),
        (roughly(100), around(200), "inconclusive"),
        (predicted(0.05), around(1.03), "holds"),
        (predicted(0.05), around(1.03, spread=0.5), "inconclusive"),
        (predicted(0.05), around(1.08), "fails"),
        (between("not much", high=1.25), around(1.1), "holds"),
        (between("falls", low=1), around(0.9), "fails"),
        (much(), around(2.1), "holds"),
        (much(), around(1.9), "fails"),
        (much(), around(2.0), "inconclusive"),
        (alike(), around(1.4), "holds"),
        (alike(), around(1.6), "fails"),
        (alike(), around(1.5), "inconclusive"),
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
    found = published_number("log").decide(np.exp(NOISE), 8.0)
    assert found.verdict == "holds"
    assert found.interval == pytest.approx((np.exp(-2.1447), np.exp(2.1447)), rel=1e-3)
    assert published_number().decide(np.exp(NOISE), 8.0).verdict == "fails"


def test_a_norm_of_zero_has_no_logarithm():
    """A ratio that is not positive leaves the claim open, with the reason."""
    with pytest.raises(UndecidableError, match="not positive"):
        much().decide(np.array([1.0, 0.0, 2.0]), None)


def test_the_interval_shrinks_as_its_formula_says():
    """The ordering's interval is mean +- t s / sqrt(n)."""
    found = ordering().decide(NOISE + 1, None)
    assert found.interval == pytest.approx((1 - T_HALF, 1 + T_HALF), abs=1e-3)


@pytest.mark.parametrize(
    ("rule", "values", "published", "expected"),
    [
        (constant(0.005), np.array([0.45, 0.4549, 0.4451]), 0.45, "holds"),
        (constant(0.005), np.array([0.45, 0.4551, 0.45]), 0.45, "fails"),
        (about(0.15), 0.75 + 0.01 * NOISE, 0.8, "holds"),
        (about(0.15), 0.6 + 0.01 * NOISE, 0.8, "fails"),
        (about(0.15), 0.68 + 0.01 * NOISE, 0.8, "inconclusive"),
        (never_above_one(), np.array([0.2, 1.0, 0.9]), None, "holds"),
        (never_above_one(), np.array([0.2, 1.001, 0.9]), None, "fails"),
    ],
)
def test_constants_of_the_text(rule, values, published, expected):
    """One seed beside the number, or above 1, is enough to fail; 1 itself is not above it."""
    assert rule.decide(values, published).verdict == expected


def test_reasons_say_how_many_seeds_and_on_which_side():
    """A verdict and its reason agree."""
    off = constant(0.005).decide(np.array([0.45, 0.46, 0.47]), 0.45)
    assert off.reason == "2 of 3 seeds give another number"
    assert (off.measured, off.interval) == (pytest.approx(0.46), (0.45, 0.47))
    assert never_above_one().decide(np.array([0.5, 2.0]), None).reason == "1 of 2 seeds go above 1"
    for published, word in ((0.0, "inside"), (9.0, "outside")):
        assert f" {word} the" in published_number().decide(NOISE, published).reason


@pytest.mark.parametrize(("published", "expected"), [(0.1, "holds"), (40.0, "fails")])
def test_a_small_difference_of_two_noisy_kinds_is_not_significant(published, expected):
    """Both columns count: the second is the noisy one here, and alone makes 0.1 too small."""
    values = np.stack([1e-6 * NOISE, NOISE[::-1]], axis=1)
    assert not_significant().decide(values, published).verdict == expected
    assert not_significant().decide(values[:, ::-1], published).verdict == expected
    quiet = np.stack([1e-6 * NOISE, 1e-6 * NOISE[::-1]], axis=1)
    assert not_significant().decide(quiet, published).verdict == "fails"


def test_percentages_are_judged_by_their_odds():
    """Errors near 0 have an interval that stays above it; in the middle both scales agree."""
    errors = 100 / (1 + np.exp(3 - NOISE))
    low, high = published_number("logit").decide(errors, 5.0).interval
    ends = 1 / (1 + np.exp(3 - 2.1447 * np.array([-1, 1])))
    assert (low, high) == pytest.approx(tuple(100 * ends), rel=1e-3)
    assert published_number().decide(errors, 5.0).interval[0] < 0
    with pytest.raises(UndecidableError, match="no place on the logit scale"):
        published_number("logit").decide(np.array([0.0, 1.0, 2.0]), 1.0)


def test_too_wide_an_interval_and_too_few_runs_decide_nothing():
    """Both show their number; half of the interval is 2.145 here, as a factor 8.5."""
    for rule, values, reason in (
        (published_number(width=2.0), NOISE, "its half-width is 2.14, above 2"),
        (published_number("log", width=8.0), np.exp(NOISE), "its half-width is 8.54, above 8"),
        (published_number(fewest=21), NOISE, "21 runs are needed"),
    ):
        found = rule.decide(values, 1.0)
        assert found.verdict == "inconclusive" and reason in found.reason
        assert found.interval is not None
    assert published_number(width=2.2, fewest=20).decide(NOISE, 1.0).verdict == "holds"


def test_the_distance_and_the_spread_of_a_number_are_given():
    """z is in standard errors of one more run; the standard deviation comes before the verdict."""
    found = published_number().decide(NOISE, 2.0)
    assert found.z == pytest.approx(2.0 / np.sqrt(1 + 1 / 20))
    assert found.reason == "standard deviation 1; 2 lies inside the prediction interval"


def test_several_numbers_of_one_net_are_judged_together():
    """Two readings that always move together: one of them high, the other low is not such a net."""
    rng = np.random.default_rng(3)
    common = rng.standard_normal(400)
    logs = np.stack([common, common + 0.1 * rng.standard_normal(400)], axis=1)
    rule = published_numbers()
    assert rule.decide(np.exp(logs), (np.exp(1.5), np.exp(1.5))).verdict == "holds"
    apart = rule.decide(np.exp(logs), (np.exp(1.0), np.exp(-1.0)))
    assert apart.verdict == "fails"
    alone = published_number("log")
    assert alone.decide(np.exp(logs[:, 0]), float(np.exp(1.0))).verdict == "holds"
    with pytest.raises(UndecidableError, match="9 nets: 2 readings of a net need 10"):
        rule.decide(np.exp(logs[:9]), (1.0, 1.0))


def test_the_joint_test_of_one_reading_is_the_prediction_interval():
    """Its T^2 is the square of the t value: 2.145 and the ends of that interval."""
    values = np.exp(NOISE)[:, None]
    for end, expected in ((2.14, "holds"), (2.15, "fails")):
        found = published_numbers().decide(values, (float(np.exp(end)),))
        assert found.verdict == expected
        assert found.measured == pytest.approx(end**2 / (1 + 1 / 20))
        assert found.interval == pytest.approx((0, 2.0930**2), rel=1e-3)


def test_runs_that_share_nothing_are_not_paired():
    """Columns of equal spread whose differences are all alike: pairing would see no spread."""
    values = np.stack([NOISE + 0.5, NOISE], axis=1)
    assert ordering().decide(values[:, 0] - values[:, 1], None).verdict == "holds"
    found = ordering(paired=False).decide(values, None)
    assert found.verdict == "inconclusive"
    half = 2.0244 * np.sqrt(2 / 20)  # t(0.975, 38)
    assert found.interval == pytest.approx((0.5 - half, 0.5 + half), abs=1e-3)
    assert close(1.2, paired=False).decide(values, None).verdict == "holds"


@pytest.mark.parametrize(
    ("rule", "values", "published", "half", "double"),
    [
        (much(), around(2.1), None, "holds", "fails"),  # 1.41 and 4
        (much(), around(5), None, "holds", "holds"),
        (alike(), around(1.4), None, "fails", "holds"),  # 1.22 and 2.25
        (close(0.5), 0.1 * NOISE + 0.4, None, "fails", "holds"),
        (about(0.15), 0.75 + 0.001 * NOISE, 0.8, "holds", "holds"),
        (mostly(), share(60, 100), None, "holds", "inconclusive"),  # odds of 1/2 and 2
        (between("to 0", high=0.1), around(0.08), None, "fails", "holds"),  # 0.05 and 0.2
        (between("rely", low=0.9, of="share"), around(0.96, 1e-4), None, "holds", "holds"),  # 0.947
        (between("half", high=0.5, of="share"), around(0.74), None, "fails", "fails"),  # 2/3
        (between("not much", high=1.25, of="factor"), around(1.15), None, "fails", "holds"),  # 1.12
        (read_off(0.15), around(1.1)[:, None], (1.0,), "fails", "holds"),
    ],
)
def test_a_verdict_is_given_at_half_and_double_its_threshold(rule, values, published, half, double):
    """One that turns into its opposite says that it depends on the threshold."""
    found = decided(rule, values, published)
    assert found.sensitivity == {"half": half, "double": double}
    opposite = {"holds": "fails", "fails": "holds"}.get(found.verdict)
    assert ("depends on the threshold" in found.reason) == (opposite in (half, double))


@pytest.mark.parametrize(
    "rule", [ordering(), published_number(), constant(0.1), never_above_one(), between("f", low=1)]
)
def test_a_rule_without_a_threshold_of_ours_has_no_sensitivity(rule):
    """Nor has what stays open."""
    assert decided(rule, around(0.5), 0.5).sensitivity is None
    assert decided(much(), around(2.0), None).sensitivity is None
