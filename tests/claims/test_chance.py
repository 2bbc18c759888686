"""The tally says how many true numbers fall outside by chance, and what share is decided."""

from nielsen_records import PUBLISHED, records

from depthgauge.claims.chance import chance_statement
from depthgauge.claims.judging import judge
from depthgauge.claims.reach import reach_statement
from depthgauge.studies.registry import CLAIMS


def test_published_numbers_are_counted():
    """Four accuracies, norms of three nets, two counts of bars at 5 % each: 0.45 expected."""
    claims = [each for each in CLAIMS if each.study != "nielsen_training_speed"]
    text = chance_statement(judge(records(PUBLISHED), claims))
    assert text.startswith("Of 9 published numbers and curves")
    assert " 0.45 would fall outside" in text
    assert " 0 did." in text


def test_numbers_that_were_not_judged_do_not_count():
    """Without records there is nothing to expect."""
    assert chance_statement(judge({}, CLAIMS)) == "No published number could be judged yet."


def test_the_share_that_is_decided_is_of_claims_with_enough_updates():
    """Neither findings, nor what was not run, nor runs that are too short."""
    one = {"nature": "number", "verdict": "holds", "updates": [500, 500], "updates_needed": 500}
    verdicts = [
        one,
        {**one, "nature": "sentence", "verdict": "fails", "updates": [9, 500], "updates_needed": 5},
        {**one, "nature": "sentence", "verdict": "inconclusive"},
        {**one, "updates": [499, 500], "verdict": "inconclusive"},
        {**one, "updates": [None, 500], "verdict": "inconclusive"},
        {**one, "nature": "finding"},
    ]
    assert reach_statement(verdicts) == (
        "Of 5 published numbers and sentences, 3 need no more updates than were run; 2 of these are"
        " decided (66.7%)."
    )
    assert reach_statement([]).endswith("0 of these are decided.")
