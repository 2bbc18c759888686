"""Every claim about Nielsen's networks is seen to hold, to fail and to stay open."""

from dataclasses import replace

import numpy as np
import pytest
from nielsen_records import CONTRARY, PUBLISHED, accuracy_cell, records, training_cell

from depthgauge.claims.judging import judge
from depthgauge.studies.registry import CLAIMS

NIELSEN = [
    claim
    for claim in CLAIMS
    if claim.id.startswith("nielsen.")
    and claim.study != "nielsen_capacity"  # test_theory_claims
    and not claim.id.startswith("nielsen.curves.")  # test_nielsen_curves
    and not (claim.study == "nielsen_training_speed" and claim.id.endswith(".much_slower"))
]
every_claim = pytest.mark.parametrize("claim", NIELSEN, ids=lambda claim: claim.id)


@pytest.fixture(scope="module")
def as_published():
    return records(PUBLISHED)


@pytest.fixture(scope="module")
def contrary():
    return records(CONTRARY)


def claim_of(id):
    return next(each for each in NIELSEN if each.id == id)


def verdict(found, claim):
    return judge(found, [claim])[0]


@every_claim
def test_holds_where_the_chapter_is_true(as_published, claim):
    """Records drawn around the published numbers bear the claim out, with n, seeds, interval."""
    found = verdict(as_published, claim)
    assert found["verdict"] == "holds", found["reason"]
    assert found["n"] == 40
    assert found["seeds"] == list(range(40))
    low, high = found["interval"]
    assert low <= found["measured"] <= high


@every_claim
def test_fails_where_the_chapter_is_wrong(contrary, claim):
    """Records of networks that do the opposite refute the claim."""
    assert verdict(contrary, claim)["verdict"] == "fails"


@every_claim
def test_stays_open_without_records(claim):
    """A study that was not run leaves its claims inconclusive, with that reason."""
    found = verdict({}, claim)
    assert found["verdict"] == "inconclusive"
    assert found["reason"].startswith("not run")
    assert found["measured"] is None
    assert found["updates"] == [None, claim.updates]


@every_claim
def test_stays_open_with_one_seed(claim):
    """One seed has no spread, so there is no interval and no verdict."""
    found = verdict(records(PUBLISHED, seeds=1), claim)
    assert (found["verdict"], found["n"]) == ("inconclusive", 1)


@every_claim
def test_stays_open_when_nothing_was_measured(as_published, claim):
    """Numbers that are not finite decide nothing, in no claim."""
    blank = {
        study: [cell.assign(cell.drop_vars("diverged_at") * np.nan) for cell in cells]
        for study, cells in as_published.items()
    }
    found = verdict(blank, claim)
    assert found["verdict"] == "inconclusive"
    assert "finite" in found["reason"]


def test_a_short_training_is_judged_only_once_it_has_converged():
    """15,000 of 150,000 updates decide an accuracy only if the error fell by less than 5 %."""
    claim = claim_of("nielsen.accuracy.h2")
    for still, expected in ((0.08, "inconclusive"), (0.02, "holds")):
        cell = accuracy_cell(PUBLISHED, 2, 20, steps=15_000, still=still)
        found = verdict({"nielsen_accuracy": [cell]}, claim)
        assert found["verdict"] == expected
        assert found["updates"] == [15_000, 150_000]
        assert found["measured"] == pytest.approx(96.9, abs=0.1)


def test_a_short_curve_says_nothing_of_the_whole_one():
    """Statements about all 500 steps stay open after 300, whatever the curves do."""
    cells = [training_cell(PUBLISHED, 2, size, 20, steps=300) for size in (1000, 10)]
    claims = [each for each in NIELSEN if each.study == "nielsen_training_speed" if "h2" in each.id]
    for found in judge({"nielsen_training_speed": cells}, claims):
        assert found["verdict"] == "inconclusive"
        assert "300 of 500" in found["reason"]


def test_the_last_accuracy_counts_not_the_best():
    """A net that was better before its last epoch is judged by the last one."""
    cell = accuracy_cell(PUBLISHED, 1, 20, still=-0.5)
    claim = claim_of("nielsen.accuracy.h1")
    found = verdict({"nielsen_accuracy": [cell]}, claim)
    assert found["measured"] == pytest.approx(96.48, abs=0.1)


@pytest.mark.parametrize(
    ("spread", "expected"), [(0.2, "holds"), (0.012, "inconclusive"), (0.003, "fails")]
)
def test_the_last_drop_is_weighed_against_single_runs(spread, expected):
    """0.04 points are less than chance if the spread is 0.2, about as much if it is 0.012."""
    claim = claim_of("nielsen.depth.last_drop_insignificant")
    world = replace(PUBLISHED, spread=spread)
    cells = [accuracy_cell(world, depth, 10) for depth in (3, 4)]
    assert verdict({"nielsen_accuracy": cells}, claim)["verdict"] == expected


def test_slower_throughout_is_lost_by_a_single_step():
    """One recorded step at which layer 1 is faster takes a seed out of "through it all"."""
    claim = claim_of("nielsen.training_speed.h2.layer1_slower")
    cell = training_cell(PUBLISHED, 2, 1000, 20)
    cell["bias_gradient_norm"][3, 250, 0] = 1.0
    found = verdict({"nielsen_training_speed": [cell]}, claim)
    assert found["measured"] == pytest.approx(19 / 20)


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ([1.0] * 20 + [0.1] * 31 + [0.3] * 450, 1),  # quick drop, rebound
        ([1.0] * 60 + [0.1] * 100 + [0.3] * 341, 0),  # the drop comes too late
        ([1.0] * 20 + [0.1] * 31 + [0.15] * 450, 0),  # the rebound is too weak
        ([1.0] * 20 + [0.6] * 31 + [1.5] * 450, 0),  # the drop is too small
    ],
)
def test_drop_and_rebound_follow_their_definition(curve, expected):
    """More than halved within 50 steps of 500, later more than doubled from the low point."""
    claim = claim_of("nielsen.training_speed.h2.drops_and_rebounds")
    cell = training_cell(PUBLISHED, 2, 1000, 12)
    cell["bias_gradient_norm"][:] = np.array(curve)[:, None]
    assert verdict({"nielsen_training_speed": [cell]}, claim)["measured"] == expected


def test_the_chapters_own_bars_are_mostly_larger():
    """On the six bars that the chapter drew, layer 2 has 32 of 36 pairs, 26 of them twice."""
    drawn = np.array(
        [
            [-0.00397, -0.00317, 0.00810, 0.01260, -0.02647, 0.00176],
            [0.04153, 0.04403, -0.00967, 0.04674, 0.03877, 0.01234],
        ]
    )
    first, second = np.abs(drawn)
    ratios = second[:, None] / first
    assert ((ratios > 1).sum(), (ratios > 2).sum()) == (32, 26)
    cell = records(PUBLISHED, seeds=30)["nielsen_neuron_bars"][0]
    cell["bias_gradient"][:, 0, :2, :6] = drawn
    claims = [each for each in NIELSEN if each.study == "nielsen_neuron_bars"]
    found = {
        each["id"].split(".")[-1]: each for each in judge({"nielsen_neuron_bars": [cell]}, claims)
    }
    assert {each["verdict"] for each in found.values()} == {"holds"}
    assert (found["larger"]["measured"], found["much_larger"]["measured"]) == (1, 1)
    assert (found["pairs_larger"]["measured"], found["pairs_much_larger"]["measured"]) == (32, 26)
