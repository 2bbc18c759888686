"""Two judgements are compared by the numbers of their seeds."""

import numpy as np
import pytest
from scipy import stats

from depthgauge.claims import number_rules, rules
from depthgauge.comparison.holm import holm
from depthgauge.comparison.verdict_test import TESTS, p_value
from depthgauge.comparison.verdicts import changes
from depthgauge.studies.registry import CLAIMS


def verdict(rule, values, published=None, id="a"):
    found = rule.decide(np.asarray(values, float), published)
    return {
        "id": id, "rule": rule.text, "kind": str(rule.kind), "measured": found.measured,
        "interval": found.interval, "n": len(values), "verdict": str(found.verdict),
        "rule_arguments": dict(rule.arguments), "values": np.asarray(values, float).tolist(),
    }  # fmt: skip


RANDOM = np.random.default_rng(3)
ONE, TWO = RANDOM.normal(5, 1, 8), RANDOM.normal(6, 2, 12)


def test_every_rule_has_a_test():
    """Whatever the kind of a rule, its numbers can be compared."""
    assert set(TESTS) == set(rules.Kind) == {claim.rule.kind for claim in CLAIMS}


def test_the_words_of_a_rule_do_not_choose_the_test():
    """Another wording on both sides gives the same p value."""
    sides = verdict(rules.much(), ONE), verdict(rules.much(), TWO)
    other = ({**each, "rule": "the mean of what I saw"} for each in sides)
    assert p_value(*other) == p_value(*sides) < 1


@pytest.mark.parametrize("kind", [None, "median"])
def test_a_rule_of_unknown_kind_is_compared_without_a_test(kind):
    """A number that moved matters then, with no p value; one that did not is the same."""
    sides = [{**verdict(rules.ordering(), each), "kind": kind} for each in (ONE, TWO)]
    if kind is None:
        del sides[0]["kind"], sides[1]["kind"]
    [change] = changes(sides[:1], sides[1:])
    assert change.untested and change.matters and change.p is None
    assert changes(sides[:1], sides[:1]) == []


@pytest.mark.parametrize(
    "rule", [rules.ordering(), number_rules.published_number(), rules.close(1)]
)
def test_means_are_compared_by_welchs_test(rule):
    """As SciPy does it on the seeds, for t and for prediction intervals."""
    truth = stats.ttest_ind(ONE, TWO, equal_var=False).pvalue
    found = p_value(verdict(rule, ONE, 5.0), verdict(rule, TWO, 5.0))
    assert found == pytest.approx(truth, rel=0.01)


@pytest.mark.parametrize(
    "rule", [rules.much(), number_rules.published_number("log"), rules.predicted(0.05)]
)
def test_factors_are_compared_on_a_log_scale(rule):
    """Geometric means differ as the logarithms' means do."""
    truth = stats.ttest_ind(np.log(ONE), np.log(TWO), equal_var=False).pvalue
    found = p_value(verdict(rule, ONE, 5.0), verdict(rule, TWO, 5.0))
    assert found == pytest.approx(truth, rel=0.01)


def test_percentages_are_compared_by_their_odds():
    """As SciPy does it on the logits of errors near 5 %."""
    one, two = (100 / (1 + np.exp(3 - 0.3 * (each - 5))) for each in (ONE, TWO))
    truth = stats.ttest_ind(ONE, TWO, equal_var=False).pvalue
    rule = number_rules.published_number("logit")
    found = p_value(verdict(rule, one, 5.0), verdict(rule, two, 5.0))
    assert found == pytest.approx(truth, rel=0.02)


def test_differences_of_unpaired_seeds_keep_their_own_degrees_of_freedom():
    """Two samples of 30 and 40 pairs: the test of their differences, paired or not, is near."""
    one, two = RANDOM.normal([1, 0], 1, (30, 2)), RANDOM.normal([1.5, 0], 1, (40, 2))
    truth = stats.ttest_ind(*(each[:, 0] - each[:, 1] for each in (one, two))).pvalue
    rule = rules.ordering(paired=False)
    assert p_value(verdict(rule, one), verdict(rule, two)) == pytest.approx(truth, rel=0.5)


def test_several_readings_are_compared_together():
    """One reading alone is a t test; two that moved apart are far, though each is near."""
    rule, random = number_rules.published_numbers(), np.random.default_rng(5)

    def nets(shift):
        common = random.standard_normal((60, 1))
        return np.exp(common + 0.1 * random.standard_normal((60, 2)) + shift)

    sides = [verdict(rule, nets(0), (1.0, 1.0)), verdict(rule, nets([0.3, -0.3]), (1.0, 1.0))]
    assert p_value(*sides) < 1e-6
    near = [verdict(rule, nets(0), (1.0, 1.0)) for _ in range(2)]
    assert p_value(*near) > 1e-3


def test_readings_that_do_not_match_differ():
    """Two readings a net are not three; two nets say nothing about three readings."""
    rule, random = number_rules.published_numbers(), np.random.default_rng(6)
    two, three = (
        verdict(rule, np.exp(random.standard_normal((20, k))), (1.0,) * k) for k in (2, 3)
    )
    assert p_value(two, three) == 0
    few = {**three, "values": three["values"][:2], "n": 2}
    assert p_value(few, {**few, "measured": 9.0}) == 1


def test_one_row_stands_for_seeds_that_agree():
    """20 seeds of one row are those 20 rows."""
    sides = [verdict(rules.ordering(), each) for each in ([1.0] * 20, ONE)]
    short = {**sides[0], "values": [1.0]}
    assert p_value(short, sides[1]) == p_value(*sides) < 1


@pytest.mark.parametrize(
    "values", [None, [1.0, [2.0]], [1.0] * 3, [-1.0] * 8, [0.0, *ONE[1:]], [[1.0], *ONE[1:]]]
)
def test_without_the_numbers_of_its_seeds_a_verdict_is_not_tested(values):
    """None at all, as in version 1; another number of them; numbers that no such rule gives."""
    sides = verdict(rules.much(), ONE), {**verdict(rules.much(), TWO[:8]), "values": values}
    assert p_value(*sides) is None
    assert p_value(*sides[::-1]) is None


def test_shares_of_seeds_are_compared_exactly():
    """2 of 10 against 9 of 10: Fisher's table."""
    few, many = np.repeat([1, 0], (2, 8)), np.repeat([1, 0], (9, 1))
    truth = stats.fisher_exact([[2, 8], [9, 1]]).pvalue
    assert p_value(verdict(rules.always(), few), verdict(rules.always(), many)) == pytest.approx(
        truth
    )


def test_ranges_that_do_not_meet_are_two_orders_of_many():
    """5 seeds all below 5 others: 2 of the 252 divisions of 10 seeds; any overlap is chance."""
    rule = rules.never_above_one()
    low, high = verdict(rule, [0.1, 0.2, 0.3, 0.4, 0.5]), verdict(rule, [0.6, 0.7, 0.8, 0.9, 1])
    assert p_value(low, high) == pytest.approx(2 / 252)
    assert p_value(low, verdict(rule, [0.45, 0.7, 0.8, 0.9, 1])) == 1


def test_spreads_are_compared_by_their_ratio():
    """Ten times the spread is beyond chance, 1.2 times is not; near the F test in between."""
    rule = rules.not_significant()

    def spread(by, seed=0):
        return verdict(rule, by * np.random.default_rng(seed).normal(0, 1, (30, 2)), 1.0)

    assert p_value(spread(1), spread(10)) < 1e-6
    assert p_value(spread(1), spread(1.2)) > 0.05


def test_a_number_without_spread_that_moves_is_beyond_chance():
    """Constants of theory: the same in every seed. What is only rounded has not changed."""
    one, same, other = ({**verdict(rules.ordering(), [x] * 5)} for x in (1.0, 1.0004, 1.01))
    assert p_value(one, same) == 1
    assert p_value(one, other) < 1e-3


def test_chance_alone_is_called_a_change_once_in_twenty():
    """200 pairs of runs of the same: p is uniform, so that about 10 are below 0.05."""
    random = np.random.default_rng(1)
    found = [
        p_value(*(verdict(rules.ordering(), random.normal(1, 1, 10)) for _ in range(2)))
        for _ in range(200)
    ]
    assert 2 <= sum(p < 0.05 for p in found) <= 20


def test_holm_by_hand():
    """Smallest times 3, next times 2, never falling, at most 1; in the order given."""
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


def test_another_rule_is_reported_and_its_number_not_compared():
    """The numbers answer two questions."""
    [change] = changes([verdict(rules.ordering(), ONE)], [verdict(rules.much(), TWO)])
    assert change.other_rule and change.p is None and change.matters


def test_of_many_claims_one_unlikely_number_is_chance():
    """p = 0.01 among 40 is not beyond it, alone it is."""
    one = [verdict(rules.ordering(), ONE, id=str(at)) for at in range(40)]
    moved = verdict(rules.ordering(), ONE + 1.3 * ONE.std(ddof=1), id="0")
    assert p_value(one[0], moved) < 0.05
    assert not any(each.beyond_chance for each in changes(one, [moved, *one[1:]]))
    assert changes(one[:1], [moved])[0].beyond_chance
