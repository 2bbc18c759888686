"""Every claim about remedies is seen to hold, to fail and to stay open."""

from dataclasses import replace

import pytest
from remedies_records import HELPED, USELESS, records

from depthgauge.claims.judging import judge
from depthgauge.studies.registry import CLAIMS

OURS = [claim for claim in CLAIMS if claim.id.startswith("remedies.")]
every_claim = pytest.mark.parametrize("claim", OURS, ids=lambda claim: claim.id)


@pytest.fixture(scope="module")
def helped():
    return records(HELPED)


@pytest.fixture(scope="module")
def useless():
    return records(USELESS)


def verdict(found, claim):
    return judge(found, [claim])[0]


@every_claim
def test_holds_where_remedies_help(helped, claim):
    """With one replica a seed, at the rate that is best on the validation images."""
    found = verdict(helped, claim)
    assert found["verdict"] == "holds", found["reason"]
    assert found["seeds"] == list(range(20))


@every_claim
def test_fails_where_they_do_not(useless, claim):
    """Nets that do the opposite."""
    assert verdict(useless, claim)["verdict"] == "fails"


@every_claim
def test_stays_open_without_records_or_spread(claim):
    """Not run; or one seed."""
    assert verdict({}, claim)["reason"].startswith("not run")
    assert verdict(records(HELPED, seeds=1), claim)["verdict"] == "inconclusive"


@every_claim
def test_a_shorter_budget_decides_only_what_needs_no_training(claim):
    """After 100 of 400 updates the statements about initial gradients alone are decided."""
    found = verdict(records(HELPED, steps=100), claim)
    assert found["verdict"] == ("holds" if claim.updates == 0 else "inconclusive")


@pytest.mark.parametrize(
    ("world", "expected"),
    [
        (replace(HELPED, plain=(25, 50), best=1), "holds"),
        (replace(HELPED, plain=(25, 50), best=2), "inconclusive"),  # a better rate may lie beyond
        (replace(HELPED, plain=(25, 89), best=2), "holds"),  # no rate helps a net at 89 %
        # one class errs on 88 of 100; three standard errors on 1,000 images are 3.08 points
        (replace(HELPED, plain=(25, 85.1), best=2), "holds"),
        (replace(HELPED, plain=(25, 84.7), best=2), "inconclusive"),
    ],
)
def test_an_edge_of_the_grid_is_a_doubt_about_the_worse_net(world, expected):
    """If it learned anything at all."""
    claim = next(each for each in OURS if each.id == "remedies.helps.adam")
    assert verdict(records(world), claim)["verdict"] == expected


def test_two_nets_that_name_one_class_are_not_compared():
    """Whatever their difference: it is not a gain from learning."""
    claim = next(each for each in OURS if each.id == "remedies.helps.adam")
    found = verdict(records(replace(HELPED, plain=(25, 89), remedied=87)), claim)
    assert (found["verdict"], found["measured"]) == ("inconclusive", pytest.approx(2, abs=0.1))
    assert found["reason"].startswith("neither network learned")
