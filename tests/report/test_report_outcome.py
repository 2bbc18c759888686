"""The first words of the report: numbers of the verdicts, filled in."""

import re

from depthgauge.report.outcome import SURPRISES, TEMPLATES, outcome, refuted, surprises
from depthgauge.studies.registry import CLAIMS
from depthgauge.studies.remedies.register import REMEDIES

CLAIM = {
    "id": "nielsen.depth.two_above_one",
    "nature": "sentence",
    "published": 0.42,
    "measured": 0.3341,
    "interval": [0.201, 0.467],
    "verdict": "holds",
}
FOUR = {**CLAIM, "id": "nielsen.depth.four_below_two", "published": 0.37, "measured": 0.6111}
NUMBER = {**CLAIM, "id": "nielsen.accuracy.h1", "nature": "number"}


def texts(*verdicts):
    return [sentence.text for sentence in outcome(verdicts)]


def test_numbers_are_those_of_the_verdicts():
    """Measured, interval and published number of both claims that the sentence is about."""
    (sentence,) = outcome([CLAIM, FOUR])
    assert "by 0.334 [0.201, 0.467] percentage points (published: 0.42)" in sentence.text
    assert "it is 0.611 [0.201, 0.467] points below that of two (published: 0.37)" in sentence.text
    assert sentence.claims == (CLAIM["id"], FOUR["id"])


def test_only_what_holds_is_said():
    """A sentence of which one claim fails, is open or is not there is left out."""
    for other in ({**FOUR, "verdict": "fails"}, {**FOUR, "verdict": "inconclusive"}):
        assert texts(CLAIM, other) == []
    assert texts(CLAIM) == [] and texts() == []


def test_agreeing_numbers_are_counted_by_source():
    """Of those that were judged; an open one is not among them, nor is a sentence."""
    verdicts = [
        {**NUMBER, "id": f"nielsen.x{i}", "verdict": verdict}
        for i, verdict in enumerate(["holds", "holds", "fails", "inconclusive"])
    ]
    (said,) = texts(*verdicts, {**CLAIM, "id": "nielsen.y"})
    assert said.startswith("Nielsen 2015: 2 of the 3 published numbers and curves")
    (said,) = texts(*verdicts[:2])
    assert said.startswith("Nielsen 2015: All 2 published numbers and curves")


def test_sentences_are_about_claims_that_exist():
    """A claim that is renamed takes no sentence with it in silence."""
    known = {claim.id for claim in CLAIMS}
    templates = (*TEMPLATES, *SURPRISES)
    assert {id for template in templates for id in template.claims.values()} <= known
    assert {f"remedies.helps.{name}" for name in REMEDIES} <= known


def test_a_number_called_published_was_published():
    """Theory and orderings are judged against 1 or 0, which says nothing to a reader."""
    published = {claim.id: claim.published for claim in CLAIMS}
    for template in (*TEMPLATES, *SURPRISES):
        named = [
            id for key, id in template.claims.items() if re.search(f"{{{key}:-?p}}", template.text)
        ]
        assert not [id for id in named if published[id] in (None, 0, 1)]


def test_singular_values_are_given_as_their_range_over_data_sets():
    """One number where all agree to three digits."""
    values = {"mnist.tanh": 0.4882, "shapeset.tanh": 0.484, "mnist.tanh_n": 0.8, "x.tanh_n": 0.8}
    verdicts = []
    for name, measured in values.items():
        dataset, model = name.split(".")
        id = f"glorot.init.{dataset}.singular_value.{model}"
        verdicts.append({**CLAIM, "id": id, "measured": measured})
    (said,) = texts(*verdicts)
    assert "0.484 to 0.488 with the standard initialization (published: 0.5)" in said
    assert "is 0.484" in said and "0.8 with the normalized initialization" in said


def test_the_best_remedy_is_named_by_what_it_gains():
    """Of those that help; the others count among those that were tried."""
    verdicts = [
        {**CLAIM, "id": f"remedies.helps.{name}", "nature": "finding", "measured": gain,
         "verdict": verdict}
        for name, gain, verdict in (
            ("he", 7.0, "holds"),
            ("residual", 75.63, "holds"),
            ("adam", 99, "fails"),
        )
    ]  # fmt: skip
    (sentence,) = outcome(verdicts)
    assert "Of 3 remedies" in sentence.text and ", 2 improve its accuracy" in sentence.text
    assert "residual connections the most: by 75.6 percentage points" in sentence.text
    assert sentence.claims == ("remedies.helps.residual",)


def test_only_a_source_can_be_refuted():
    """A finding or a constant that fails is not a failure of a source."""
    failed = [
        {**CLAIM, "verdict": "fails", "nature": each}
        for each in ("number", "sentence", "mathematics", "finding")
    ]
    assert [each["nature"] for each in refuted(failed)] == ["number", "sentence"]


def test_what_does_not_replicate_is_said_with_the_sign_of_the_sentence():
    """A difference that is worse is written as a positive number, its interval in order."""
    ids = [f"nielsen.capacity.larger_slope_classifies.h{depth}" for depth in (2, 4)]
    ends = [-1.152, -0.548]
    worse = [
        {**CLAIM, "id": id, "measured": -0.85, "interval": ends, "verdict": "fails"} for id in ids
    ]
    (said,) = surprises(worse)
    assert "ends 0.85 [0.548, 1.15] percentage points below the sigmoid" in said.text
    assert said.claims == tuple(ids)
    assert surprises([{**each, "verdict": "holds"} for each in worse]) == []


def test_a_published_difference_of_the_other_sign_is_turned_around():
    """Four layers were better in the published runs: "-0.05 worse" would mislead."""
    claim = {**CLAIM, "id": "nielsen.depth.four_below_one", "nature": "finding", "published": -0.05}
    (said,) = surprises([claim])
    assert "by 0.334 [0.201, 0.467] percentage points" in said.text
    assert said.text.endswith("In Nielsen's single runs, four layers were better by 0.05.")


def test_readings_that_differ_are_counted_with_their_factors():
    """One sentence for all of them, from the smallest factor to the largest."""
    wrong = [
        {**NUMBER, "id": f"glorot.init.x{i}", "verdict": "fails", "unit": "ours / reading",
         "measured": measured}
        for i, measured in enumerate((1.475, 0.3726))
    ]  # fmt: skip
    (said,) = surprises(wrong)
    assert said.text.startswith("2 readings of Glorot and Bengio's figures differ")
    assert said.text.endswith("the ratio of ours to theirs is 0.373 to 1.48.")
    (said,) = surprises(wrong[:1])
    assert said.text.startswith("1 reading of Glorot and Bengio's figures differs")
