"""Claims about test errors are seen to hold, to fail and to stay open, at rates fairly chosen."""

import numpy as np
import pytest
from error_records import (
    CONTRARY,
    GAINS,
    LESSER_GAINS,
    NO_GAINS,
    RATES,
    table_records,
    width_records,
)

from depthgauge.claims.judging import judge
from depthgauge.studies.glorot.register import ERRORS as PUBLISHED
from depthgauge.studies.registry import CLAIMS

TABLE = [
    claim
    for claim in CLAIMS
    if claim.id.startswith("glorot.error.") and not claim.id.startswith("glorot.error.curve.")
]
WIDTHS = [claim for claim in CLAIMS if claim.study == "glorot_widths"]
every_claim = pytest.mark.parametrize("claim", (*TABLE, *WIDTHS), ids=lambda claim: claim.id)


@pytest.fixture(scope="module")
def as_published():
    return table_records(PUBLISHED) | width_records(GAINS)


@pytest.fixture(scope="module")
def contrary():
    return table_records(CONTRARY) | width_records(LESSER_GAINS)


@pytest.fixture(scope="module")
def narrow():
    return table_records(PUBLISHED, width=100) | width_records(GAINS, width=100)


@pytest.fixture(scope="module")
def mnist_alone():
    return on_mnist()


def verdict(found, claim):
    return judge(found, [claim])[0]


def claim_of(id):
    return next(each for each in (*TABLE, *WIDTHS) if each.id == id)


def on_mnist(**options):
    return table_records({"mnist": PUBLISHED["mnist"]}, **options)


def tanh_on_mnist(records):
    """The record of Tanh in a study of MNIST alone."""
    return next(each for each in records["glorot_error"] if each.attrs["axes"]["model"] == "tanh")


@every_claim
def test_holds_where_the_paper_is_true(as_published, claim):
    """In full and at full width: twelve seeds at the chosen rate, the middle one."""
    found = verdict(as_published, claim)
    assert found["verdict"] == "holds", found["reason"]
    assert found["n"] == 12 and found["n_diverged"] == 0
    assert all("learning rate 0.1 of 0.01, 0.1 and 1" in label for label in found["cells"])


@every_claim
def test_fails_where_the_paper_is_wrong(contrary, claim):
    """Errors in the opposite order; gains of another size."""
    loses = claim.id.endswith("normalized_better")
    world = width_records(dict.fromkeys(GAINS, -5.0)) if loses else contrary
    assert verdict(world, claim)["verdict"] == "fails"


@every_claim
def test_narrow_nets_decide_nothing(narrow, claim):
    """Width 100 leaves every claim open, also after all updates, and the reason says so."""
    found = verdict(narrow, claim)
    assert found["verdict"] == "inconclusive" and found["measured"] is not None
    assert found["reason"].startswith("hidden layers of 100 units stand in for 1,000")


@every_claim
def test_stays_open_without_records(mnist_alone, claim):
    """Not run; or not fetched, where the study was run on other data."""
    assert verdict({}, claim)["reason"].startswith("not run")
    if claim.study == "glorot_error" and claim.dataset != "mnist":
        found = verdict(mnist_alone, claim)
        assert found["verdict"] == "inconclusive" and found["reason"].startswith("not fetched")


def test_published_differences_are_those_of_the_table():
    """Twenty numbers; orders between models that the table separates; four gains."""
    numbers = [each for each in TABLE if each.unit == "%"]
    assert len(numbers) == 20
    assert claim_of("glorot.error.shapeset.tanh_above_softsign").published == 10.88
    assert claim_of("glorot.error.shapeset.softsign_robust").published == 11.34
    orders = [each for each in TABLE if "_above_" in each.id]
    assert len(orders) == 15
    # beyond 2.8 standard errors of the difference of two shares of 10,000 images: the caption's
    # p = 0.005, two-sided
    for claim in orders:
        dataset, models = claim.id.split(".")[2:]
        first, second = (PUBLISHED[dataset][each] / 100 for each in models.split("_above_"))
        error = np.sqrt((first * (1 - first) + second * (1 - second)) / 10_000)
        assert claim.published / 100 > 2.8 * error


def test_a_short_training_is_judged_only_once_it_has_converged():
    """Half of the updates, and at rest since a quarter of them; or still falling."""
    claim = claim_of("glorot.error.mnist.tanh")
    rested = on_mnist(steps=1_250_000)
    assert verdict(rested, claim)["verdict"] == "holds"
    cell = tanh_on_mnist(rested)
    cell["accuracy_validation"][:, :27] = 0.9  # it still falls from 10 % to 2.8 %
    found = verdict(rested, claim)
    assert found["verdict"] == "inconclusive" and "1250000 of 2500000 updates" in found["reason"]


@pytest.mark.parametrize(("best", "end"), [(0.01, "lowest"), (1.0, "highest")])
def test_a_rate_at_the_edge_of_its_grid_decides_nothing(best, end):
    """Beyond the edge there may be a better one; the number is shown all the same."""
    records = on_mnist()
    cell = tanh_on_mnist(records)
    cell["accuracy_validation"][cell["learning_rate"].to_numpy() == best, -1] = 0.999
    found = verdict(records, claim_of("glorot.error.mnist.tanh"))
    assert found["verdict"] == "inconclusive" and found["measured"] is not None
    assert f"{best:g}, is the {end} of its grid" in found["reason"]


def test_the_test_images_have_no_part_in_the_choice():
    """A rate that is best on the test images alone is not chosen."""
    records = on_mnist()
    cell = tanh_on_mnist(records)
    cell["accuracy_test"][cell["learning_rate"].to_numpy() == RATES[0], -1] = 1.0
    found = verdict(records, claim_of("glorot.error.mnist.tanh"))
    assert found["measured"] == pytest.approx(1.76, abs=0.02)


def test_one_diverged_seed_rules_a_rate_out():
    """The best rate lost a seed, so another one is taken, and the label says which was lost."""
    records = on_mnist()
    cell = tanh_on_mnist(records)
    lost = (cell["learning_rate"].to_numpy() == 0.1) & (cell["seed"].to_numpy() == 3)
    cell["diverged_at"][lost] = 100
    found = verdict(records, claim_of("glorot.error.mnist.tanh"))
    assert "learning rate 0.01 of 0.01, 0.1 (diverged) and 1" in found["cells"][0]
    assert found["measured"] == pytest.approx(6.76, abs=0.02)


def test_a_grid_of_which_every_rate_diverged_is_named():
    """One sentence with the rates and what to do; all seeds are counted."""
    records = on_mnist()
    tanh_on_mnist(records)["diverged_at"][:] = 100
    found = verdict(records, claim_of("glorot.error.mnist.tanh"))
    assert (found["verdict"], found["n"], found["n_diverged"]) == ("inconclusive", 0, 12)
    assert found["reason"].startswith("every rate diverged: 0.01, 0.1, 1 for dataset=mnist")
    assert "learning_rate=[...]" in found["reason"]


def test_no_gain_gives_no_ratio_of_gains():
    """Where one seed loses by normalized initialization the ratio means nothing."""
    found = verdict(width_records(NO_GAINS), claim_of("glorot.widths.growing.same_gain"))
    assert found["verdict"] == "inconclusive" and "no ratio of gains" in found["reason"]


def test_slower_is_the_area_under_the_curve():
    """Both end alike; the one that came down later has the larger error on the way."""
    records = table_records({"mnist": dict.fromkeys(PUBLISHED["mnist"], 2.0)})
    cell = tanh_on_mnist(records)
    at = cell["evaluation_step"].to_numpy()
    cell["accuracy_test"][:] = np.where(at < at[-1], 0.1, 0.98)
    found = verdict(records, claim_of("glorot.error.mnist.tanh_slower"))
    # 90 % for 29 of 30 intervals, then half of the way down; against a ramp over 15 of 30 to 2 %
    expected = (90 * 29 + (90 + 2) / 2) / 30 - (2 * 30 + 88 * 15 / 2) / 30
    assert found["verdict"] == "holds"
    assert found["measured"] == pytest.approx(expected, abs=0.05)
