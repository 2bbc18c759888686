"""What the judge does with records that are odd, and what its verdicts look like."""

import json

import numpy as np
import pytest
import xarray as xr
from nielsen_records import PUBLISHED, accuracy_cell, records

from depthgauge.claims.judging import judge
from depthgauge.studies.registry import CLAIMS

KEYS = [
    *("format", "id", "source", "study", "statement", "nature"),
    *("rule", "rule_name", "rule_arguments", "kind", "published", "published_values"),
    *("measured", "interval", "z", "sensitivity", "n", "seeds", "values"),
    *("scale", "updates", "updates_needed", "dataset", "figure", "unit", "n_diverged", "cells"),
    *("verdict", "reason"),
]
BY_ID = {claim.id: claim for claim in CLAIMS}
STUDY = "nielsen_accuracy"


def one(cells, id="nielsen.depth.two_above_one"):
    return judge({STUDY: cells}, [BY_ID[id]])[0]


@pytest.fixture
def cells():
    """Records of one and of two hidden layers, 12 seeds."""
    return [accuracy_cell(PUBLISHED, depth, 12) for depth in (1, 2)]


def test_verdicts_are_plain_json_with_the_agreed_keys():
    """Every verdict has the same keys in the same order, and only finite numbers."""
    for found in judge(records(PUBLISHED, 5), CLAIMS):
        assert list(found) == KEYS
        assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_numbers_have_four_significant_digits(cells):
    """What is written does not depend on the last bits of a sum."""
    found = one(cells, "nielsen.accuracy.h1")
    for number in [found["measured"], *found["interval"]]:
        assert number == float(f"{number:.4g}")
    expected = 100 * cells[0]["accuracy_validation"].to_numpy()[:, -1].mean()
    assert found["measured"] == pytest.approx(expected, abs=0.005)


def test_the_order_of_replicas_and_cells_does_not_matter(cells):
    """Pairs are made by seed: shuffled replicas give the same verdict."""
    order = np.random.default_rng(0).permutation(12)
    shuffled = [cells[1].isel(replica=order), cells[0]]
    assert one(shuffled) == one(cells)


def test_only_seeds_that_all_cells_have_are_paired(cells):
    """A cell with fewer seeds narrows the comparison to those."""
    found = one([cells[0].isel(replica=slice(0, 8)), cells[1].isel(replica=slice(3, 12))])
    assert found["seeds"] == [3, 4, 5, 6, 7]
    assert found["n"] == 5


def test_diverged_replicas_are_left_out_and_counted(cells):
    """A seed that diverged in either cell takes no part, and is not forgotten."""
    cells[0]["diverged_at"][2] = 300
    cells[1]["diverged_at"][5] = 100
    cells[0]["accuracy_validation"][2] = np.nan
    found = one(cells)
    assert found["seeds"] == [0, 1, 3, 4, 6, 7, 8, 9, 10, 11]
    assert found["n_diverged"] == 2
    assert found["verdict"] == "holds"


def test_all_diverged_is_no_verdict(cells):
    """Nothing usable is left, so the claim stays open and says how many are missing."""
    for cell in cells:
        cell["diverged_at"][:] = 100
    found = one(cells)
    assert (found["verdict"], found["n"], found["n_diverged"]) == ("inconclusive", 0, 12)


def test_a_missing_cell_is_named(cells):
    """A grid without the cell that a claim needs: not run, with the cell's key."""
    found = one(cells[:1])
    assert found["verdict"] == "inconclusive"
    assert found["reason"] == "not run: nielsen_accuracy has no cell with hidden=[30, 30]"


def test_another_data_set_does_not_stand_in(cells):
    """Records on other data decide nothing about MNIST."""
    for cell in cells:
        cell.attrs["data"] = {"name": "fashion_mnist", "hash": "x"}
    found = one(cells)
    assert found["verdict"] == "inconclusive"
    assert found["reason"].startswith("not fetched")


def test_two_cells_alike_are_ambiguous(cells):
    """A grid with one more axis has several cells that fit: none is picked at random."""
    found = one([*cells, cells[1]])
    assert found["reason"] == "2 cells of nielsen_accuracy have hidden=[30, 30]"


def test_several_learning_rates_are_ambiguous(cells):
    """A seed that was run with two rates cannot be paired."""
    twice = xr.concat([cells[0], cells[0]], "replica")
    assert "more than once" in one([twice, cells[1]])["reason"]


def test_a_missing_variable_is_named(cells):
    """A record without the measured variable: inconclusive, with the variable's name."""
    found = one([cell.drop_vars("accuracy_validation") for cell in cells])
    assert found["verdict"] == "inconclusive"
    assert "holds no accuracy_validation" in found["reason"]


def test_an_evaluation_before_the_end_does_not_count(cells):
    """Accuracy in the middle of the training is not the accuracy after it."""
    early = [cell.isel(evaluation_step=slice(0, 2)) for cell in cells]
    assert "last evaluated at step 90000 of 150000" in one(early)["reason"]


def test_a_record_of_too_short_a_run_that_lacks_a_reading_says_both(cells):
    """First how many updates it has, since a longer run may well hold the reading."""
    short = [accuracy_cell(PUBLISHED, depth, 12, steps=5000) for depth in (1, 2)]
    found = one([cell.drop_vars("accuracy_validation") for cell in short])
    assert found["reason"].startswith("5000 of 150000 updates: the record of ")
    assert found["reason"].endswith("holds no accuracy_validation")


def test_a_longer_run_than_the_published_one_decides(cells):
    """Whether it still moved is asked of shorter ones alone."""
    longer = [accuracy_cell(PUBLISHED, depth, 12, steps=200_000, still=0.5) for depth in (1, 2)]
    found = one(longer)
    assert (found["verdict"], found["updates"]) == ("holds", [200_000, 150_000])


def test_a_record_that_makes_no_sense_leaves_its_claims_open_and_no_other(cells):
    """Without the number of steps: the reason names the study and what to do."""
    del cells[0].attrs["config"]["steps"]
    found = judge(
        {STUDY: cells, "nielsen_initial_speed": records(PUBLISHED, 9)["nielsen_initial_speed"]},
        CLAIMS,
    )
    mine = next(each for each in found if each["id"] == "nielsen.depth.two_above_one")
    assert mine["verdict"] == "inconclusive" and mine["n"] == 0 and mine["cells"] == []
    assert "a record of nielsen_accuracy lacks what is read of it ('steps')" in mine["reason"]
    assert "train the study again" in mine["reason"]
    assert "holds" in {each["verdict"] for each in found if each["study"] != STUDY}


@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered")
def test_numbers_too_large_for_a_mean_leave_a_claim_open(cells):
    """Finite each, but not their sum."""
    cells[0]["accuracy_validation"][:] = 1e306
    found = one(cells)
    assert (found["verdict"], found["measured"]) == ("inconclusive", None)
    assert found["reason"] == "its numbers are too large for a mean or an interval"


def test_ids_are_unique():
    """Verdicts, figures and quotes name claims by their ids alone, whatever their source."""
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS)
