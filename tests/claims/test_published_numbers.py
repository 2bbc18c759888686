"""The claims hold the numbers that the texts print: copied here a second time, by hand."""

import json
from pathlib import Path

import pytest

from depthgauge.claims.judging import judge
from depthgauge.studies.registry import CLAIMS

BY_ID = {claim.id: claim for claim in CLAIMS}
COMMITTED = Path(__file__).parents[2] / "results" / "claims.json"

TABLE_1 = """
softsign    16.27  1.64  55.78  69.14
softsign_n  16.06  1.72  53.8   68.13
tanh        27.15  1.76  55.9   70.58
tanh_n      15.60  1.64  52.92  68.57
sigmoid     82.61  2.21  57.28  70.66
"""
"""Glorot and Bengio 2010, Table 1, test error in percent."""
DATASETS = ("shapeset", "mnist", "cifar10", "imagenet")

CHAPTER = {
    "nielsen.accuracy.h1": 96.48,
    "nielsen.accuracy.h2": 96.90,
    "nielsen.accuracy.h3": 96.57,
    "nielsen.accuracy.h4": 96.53,
    "nielsen.depth.two_above_one": 0.42,
    "nielsen.depth.three_below_two": 0.33,
    "nielsen.depth.four_below_two": 0.37,
    "nielsen.depth.three_near_one": 0.09,
    "nielsen.depth.last_drop_insignificant": 0.04,
    "theory.chain.slope_reached": 0.25,
    "theory.chain.steep_needs_four": 4,
    "theory.chain.widest": 0.45,
    "theory.chain.widest_at": 6.9,
}
"""Nielsen 2015, ch. 5: percent of validation images, and constants."""

SPEEDS = {3: [0.012, 0.060, 0.283], 4: [0.003, 0.017, 0.070, 0.285]}
"""The norms that its text prints, by number of hidden layers."""

UPDATES = {
    "nielsen_accuracy": {150_000},  # 30 epochs of 50,000 / 10
    "nielsen_initial_speed": {0},
    "nielsen_neuron_bars": {0},
    "nielsen_training_speed": {500},
    "nielsen_chain": {0},
    "mean_field": {0},
    "bounds": {0, 150_000},  # what is said of all of the training
    "glorot_cost_surface": {0},
    "glorot_init": {0},
    "glorot_saturation": {2_500_000},
    "glorot_depth": {2_500_000},
    "glorot_quadratic": {2_500_000},
    "glorot_error": {2_500_000},
    "glorot_second_order": {2_500_000},
    "glorot_pretraining": {2_500_000},
    "glorot_svm": {0, 2_500_000},
    "glorot_widths": {2_500_000},
}
"""Study -> SGD steps of the published run; those of a drawn network are none."""

NEEDED = {
    "glorot.saturation": {1000, 70_000},
    "glorot.output_speed": {100, 1000},
    "glorot.gradients": {100_000},
    "glorot.early_error": {100_000},  # 1 million examples
    "glorot.error": {500_000, 1_000_000},
    "glorot.depth": {100_000, 1_000_000, 1_500_000, 2_500_000},
    "glorot.pretraining": {500_000, 1_000_000, 2_500_000},
}
"""Claims about a shorter stretch of the published training -> the steps that they are about."""


@pytest.mark.parametrize("row", TABLE_1.split("\n")[1:-1], ids=lambda row: row.split()[0])
def test_table_1_is_the_papers(row):
    """Each model's error on each data set."""
    model, *errors = row.split()
    for dataset, error in zip(DATASETS, errors, strict=True):
        assert BY_ID[f"glorot.error.{dataset}.{model}"].published == float(error)


@pytest.mark.parametrize("id", CHAPTER)
def test_the_chapters_numbers_are_the_chapters(id):
    """As they are printed."""
    assert abs(BY_ID[id].published - CHAPTER[id]) <= 1e-9


@pytest.mark.parametrize("depth", SPEEDS)
def test_the_norms_are_those_of_the_text(depth):
    """To the digits that are printed."""
    published = BY_ID[f"nielsen.initial_speed.h{depth}"].published
    assert published == pytest.approx(SPEEDS[depth], abs=5.1e-4)


@pytest.mark.parametrize("study", UPDATES)
def test_a_run_is_as_long_as_the_published_one(study):
    """What has fewer updates may leave its claims open."""
    assert {claim.updates for claim in CLAIMS if claim.study == study} == UPDATES[study]


def test_claims_about_part_of_a_training_need_that_part_alone():
    """Readings on the way, and what happens early."""
    found = {}
    for claim in CLAIMS:
        if claim.updates_needed is not None:
            found.setdefault(".".join(claim.id.split(".")[:2]), set()).add(claim.updates_needed)
    assert found == NEEDED


def test_orderings_are_differences_of_the_table_and_name_their_figure():
    """Fig. 11 is of Shapeset, Fig. 12 of MNIST and CIFAR-10; Small-ImageNet has a column alone."""
    rows = {row.split()[0]: row.split()[1:] for row in TABLE_1.split("\n")[1:-1]}
    figures = {"shapeset": ", Fig. 11", "mnist": ", Fig. 12", "cifar10": ", Fig. 12"}
    orderings = [
        each for each in CLAIMS if each.id.startswith("glorot.error.") and "_above_" in each.id
    ]
    assert {each.id.split(".", 2)[2] for each in orderings} == separated(rows)
    for claim in orderings:
        dataset, models = claim.id.split(".")[2:]
        worse, better = (
            float(rows[each][DATASETS.index(dataset)]) for each in models.split("_above_")
        )
        assert claim.published == pytest.approx(worse - better) and worse > better
        assert f"Table 1{figures.get(dataset, '')}:" in claim.source


def separated(rows):
    """The pairs whose difference is significant at p = 0.005, but those that two others imply."""
    least = {"shapeset": 1.5, "mnist": 0.5, "cifar10": 2.0, "imagenet": 1.8}
    found = set()
    for column, (dataset, points) in enumerate(least.items()):
        assert DATASETS[column] == dataset
        error = {model: float(errors[column]) for model, errors in rows.items()}
        pairs = {(a, b) for a in error for b in error if error[a] - error[b] >= points}
        implied = {(a, c) for a, b in pairs for b2, c in pairs if b == b2}
        found |= {f"{dataset}.{a}_above_{b}" for a, b in pairs - implied}
    return found


def test_the_gain_of_the_normalized_init_is_the_tables():
    """On Shapeset: 27.15 - 15.60 for Tanh, 16.27 - 16.06 for Softsign."""
    assert BY_ID["glorot.error.shapeset.softsign_robust"].published == 11.34


def test_the_committed_results_speak_of_these_claims():
    """Nobody judged another set of claims than the one in the code."""
    committed = {each["id"]: each for each in json.loads(COMMITTED.read_text("utf-8"))}
    assert list(committed) == [claim.id for claim in CLAIMS]
    numbers = {each["id"]: each["published"] for each in judge({}, CLAIMS)}
    assert {id: each["published"] for id, each in committed.items()} == numbers
