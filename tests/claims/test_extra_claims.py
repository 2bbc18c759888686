"""Claims about second-order steps, support vectors and pre-training hold, fail and stay open."""

import extra_records as extra
import numpy as np
import pytest

from depthgauge.claims.judging import judge
from depthgauge.studies.registry import CLAIMS


def claims_of(study):
    """Those about where a training ends."""
    return [each for each in CLAIMS if each.study == study and ".curve." not in each.id]


STUDIES = {
    "glorot_second_order": (
        claims_of("glorot_second_order"),
        extra.second_order,
        extra.SECOND_ORDER,
        extra.NO_SECOND_ORDER,
    ),
    "glorot_svm": (
        claims_of("glorot_svm")[:1],
        extra.svm,
        extra.SVM,
        extra.NO_SVM,
    ),
    "glorot_pretraining": (
        claims_of("glorot_pretraining"),
        extra.pretraining,
        extra.PRETRAINING,
        extra.NO_PRETRAINING,
    ),
}
every_study = pytest.mark.parametrize("study", STUDIES)


def verdicts(study, cells):
    return judge({study: cells}, STUDIES[study][0])


@every_study
def test_holds_where_the_paper_is_right(study):
    """At the chosen rate, with n, seeds and an interval."""
    _, make, right, _ = STUDIES[study]
    for found in verdicts(study, make(right)):
        assert found["verdict"] == "holds", found["reason"]
        assert found["n"] == 12
        low, high = found["interval"]
        assert low <= found["measured"] <= high


@every_study
def test_fails_where_the_paper_is_wrong(study):
    """Every order turned round; a top layer that saturates in spite of pre-training."""
    _, make, _, wrong = STUDIES[study]
    assert {found["verdict"] for found in verdicts(study, make(wrong))} == {"fails"}


@every_study
def test_narrow_nets_leave_every_claim_open(study):
    """Widths of 100 stand in for 1,000, and the reason says so."""
    _, make, right, _ = STUDIES[study]
    for found in verdicts(study, make(right, width=100)):
        assert found["verdict"] == "inconclusive"
        assert "100 units stand in for 1,000" in found["reason"]


@every_study
def test_nothing_is_decided_without_records_or_with_one_seed(study):
    """Not run; and one seed, which has no spread."""
    _, make, right, _ = STUDIES[study]
    for cells in ([], make(right, seeds=1)):
        assert {found["verdict"] for found in verdicts(study, cells)} == {"inconclusive"}


def test_a_small_sample_leaves_the_support_vectors_open():
    """2,000 examples are not 100,000."""
    (found,) = verdicts("glorot_svm", extra.svm(extra.SVM, size=2000))
    assert found["verdict"] == "inconclusive"
    assert "2,000 examples stand in for 100,000" in found["reason"]


def test_support_vectors_are_not_asked_whether_they_converged():
    """They have one evaluation; the net, at rest since half of the updates, is asked."""
    (found,) = verdicts("glorot_svm", extra.svm(extra.SVM, steps=1_250_000))
    assert found["verdict"] == "holds" and found["updates"] == [1_250_000, 2_500_000]


def test_a_net_that_still_learns_leaves_them_open():
    """Half of the updates, and its validation error fell by half at the last evaluation."""
    machine, net = extra.svm(extra.SVM, steps=1_250_000)
    net["accuracy_validation"][:, -1] = (1 + net["accuracy_validation"][:, -1]) / 2
    (found,) = verdicts("glorot_svm", [machine, net])
    assert found["verdict"] == "inconclusive"
    assert "the validation error still fell by" in found["reason"]


def test_a_penalty_at_the_edge_of_its_grid_leaves_them_open_too():
    """A better one may lie beyond."""
    (found,) = verdicts("glorot_svm", extra.svm(extra.SVM, c=100.0))
    assert found["verdict"] == "inconclusive"
    assert "the c chosen for the support vectors, 100, is at the end of its grid" in found["reason"]


def test_a_short_run_decides_saturation_once_the_others_have_saturated():
    """1,500 of 5,000,000 updates suffice if the nets without pre-training are at 0 by then."""
    early = {"pretrained": (30.0, 0.4), "sigmoid": (40.0, 0.3)}
    for world, expected in ((extra.PRETRAINING, "holds"), (early, "inconclusive")):
        found, _ = verdicts("glorot_pretraining", extra.pretraining(world, steps=1500))
        assert found["verdict"] == expected, found["reason"]


def test_saturation_at_one_step_loses_the_seed():
    """One recorded step below 0.1 takes a seed out of "never"."""
    cells = extra.pretraining(extra.PRETRAINING)
    chosen = np.flatnonzero(cells[0]["learning_rate"].values == extra.RATES[1])
    cells[0]["activation_mean"][chosen[3], 4, -2] = 0.09
    found, _ = verdicts("glorot_pretraining", cells)
    assert found["measured"] == pytest.approx(11 / 12, abs=1e-4)
