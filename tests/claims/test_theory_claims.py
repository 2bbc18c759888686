"""Every claim about theory and capacity is seen to hold, to fail and to stay open."""

import numpy as np
import pytest
from theory_records import FALSE, TRUE, bounds_cell, capacity_cell, chain_cell, records

from depthgauge.claims.chance import chance_statement
from depthgauge.claims.judging import judge
from depthgauge.studies.registry import CLAIMS as REGISTER

CLAIMS = [
    claim for claim in REGISTER if claim.id.startswith(("theory.", "milman.", "nielsen.capacity."))
]
MEAN_FIELD = [claim for claim in CLAIMS if claim.id.startswith("theory.mean_field.")]
every_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)


@pytest.fixture(scope="module")
def true():
    return records(TRUE)


@pytest.fixture(scope="module")
def false():
    return records(FALSE)


def claim_of(id):
    return next(each for each in CLAIMS if each.id == id)


def verdict(found, claim):
    return judge(found, [claim])[0]


@every_claim
def test_holds_where_theory_is_true(true, claim):
    """Records made as the formulas say bear the claim out, with n and an interval."""
    found = verdict(true, claim)
    assert found["verdict"] == "holds", (found["reason"], found["measured"], found["interval"])
    assert found["n"] == 40
    low, high = found["interval"]
    assert low <= found["measured"] <= high


@every_claim
def test_fails_where_theory_is_wrong(false, claim):
    """Records of a world with other laws refute the claim."""
    found = verdict(false, claim)
    assert found["verdict"] == "fails", (found["reason"], found["measured"], found["interval"])


@every_claim
def test_stays_open_without_enough(true, claim):
    """No record, one seed, or numbers that are not finite decide nothing."""
    assert verdict({}, claim)["reason"].startswith("not run")
    cells = true[claim.study]
    one = [cell.isel(replica=[0]) for cell in cells]
    assert verdict({claim.study: one}, claim)["verdict"] == "inconclusive"
    blank = [cell.assign(cell.drop_vars("diverged_at") * np.nan) for cell in cells]
    found = verdict({claim.study: blank}, claim)
    assert found["verdict"] == "inconclusive"
    assert "finite" in found["reason"]


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("milman.identity", "identity_gap"),
        ("milman.bound.examples", "example_bound_tightness"),
        ("milman.bound.means", "bound_tightness"),
    ],
)
def test_one_violation_anywhere_fails(id, name):
    """One entry of one layer, step, seed and net is enough."""
    cells = records(TRUE)["bounds"]
    cells[4][name][7, 2, 1] = 1.001
    found = verdict({"bounds": cells}, claim_of(id))
    assert found["verdict"] == "fails"
    assert "1 of 40" in found["reason"]


def test_rounding_is_no_violation_of_a_bound():
    """The output layer of the cross-entropy reaches its bound: a last digit above 1 is rounding."""
    claim = claim_of("milman.bound.examples")
    for excess, expected in ((1e-15, "holds"), (1e-9, "fails")):
        cells = records(TRUE)["bounds"]
        cells[0]["example_bound_tightness"][0, 0, -1] = 1 + excess
        assert verdict({"bounds": cells}, claim)["verdict"] == expected


def test_a_record_without_identity_neurons_is_open():
    """A page with another list of w_1 leaves the claims about w_1 = 0.1 open."""
    cell = capacity_cell(TRUE, "plain", 2, 10).sel(identity_weight=[0.2, 0.5])
    found = verdict({"nielsen_capacity": [cell]}, claim_of("nielsen.capacity.identity_keeps"))
    assert found["verdict"] == "inconclusive" and "w_1 = 0.1" in found["reason"]


def test_a_short_training_does_not_decide_what_capacity_is_worth():
    """20,000 of 150,000 steps, still falling, leave comparisons of the end open."""
    cells = [capacity_cell(TRUE, model, 2, 10) for model in ("plain", "frozen")]
    for cell in cells:
        cell.attrs["config"]["steps"] = 20_000
        cell["evaluation_step"] = [0, 16_000, 20_000]
        cell["accuracy_validation"][:, 1] -= 0.02
    found = verdict({"nielsen_capacity": cells}, claim_of("nielsen.capacity.frozen_is_worse"))
    assert found["verdict"] == "inconclusive" and "20000 of 150000" in found["reason"]


def test_a_constant_is_wrong_if_one_seed_gives_another():
    """39 seeds with a factor of 25 and one with 26: the text's constant is refuted."""
    cell = chain_cell(TRUE, 4, 40)
    cell["exploding_bias_gradient"][3, 0] *= (26 / 25) ** 3
    found = verdict({"nielsen_chain": [cell]}, claim_of("theory.chain.explodes.4"))
    assert found["verdict"] == "fails" and "1 of 40" in found["reason"]


def test_the_slope_that_the_bound_explains_is_within_ten_percent():
    """Gradients falling 5 % faster than 2.36 times as fast as the bound, and 20 %."""
    claim = claim_of("milman.explains_slope")
    for fall, expected in ((1.05, "holds"), (1.2, "fails")):
        world = TRUE.__class__(**{**TRUE.__dict__, "fall": fall})
        cell = bounds_cell(world, "cross_entropy", 4, 20)
        assert verdict({"bounds": [cell]}, claim)["verdict"] == expected


def test_predictions_of_theory_are_not_counted_as_published_numbers():
    """Only numbers of the sources count where chance alone puts one in 20 outside."""
    verdicts = judge(records(TRUE), MEAN_FIELD)
    assert chance_statement(verdicts) == "No published number could be judged yet."
