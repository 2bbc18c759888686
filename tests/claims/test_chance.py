"""The reader is told how many true numbers fall outside by chance."""

from nielsen_records import PUBLISHED, records

from depthgauge.claims.chance import chance_statement
from depthgauge.claims.judging import judge
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
