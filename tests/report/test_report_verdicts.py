"""Verdicts in words."""

import pytest

from depthgauge.report.verdicts import open_by_want, row, scales, tally

VERDICT = {
    "id": "nielsen.accuracy.h1",
    "source": "Nielsen 2015, ch. 5",
    "study": "nielsen_accuracy",
    "statement": "One hidden layer classifies 96.48 %",
    "rule": "published number: inside the prediction interval",
    "published": 96.48,
    "measured": 96.5,
    "interval": [96.1, 96.9],
    "n": 9,
    "seeds": [0, 1, 2, 4, 5, 6, 7, 8, 9],
    "scale": "quick",
    "updates": [5000, 150000],
    "dataset": "mnist",
    "figure": "nielsen_accuracy",
    "unit": "%",
    "n_diverged": 1,
    "cells": ["hidden=[30]"],
    "verdict": "holds",
    "reason": "96.48 lies inside the prediction interval",
}
OPEN = {
    **VERDICT,
    **{"measured": None, "interval": None, "n": 0, "seeds": [], "scale": None, "cells": []},
    **{"updates": [None, 150000], "verdict": "inconclusive", "reason": "not run", "n_diverged": 0},
}


def test_a_row_gives_every_number_its_context():
    """Interval, seeds with those that diverged, updates used and published."""
    found = row(VERDICT)
    assert (found["published"], found["measured"], found["interval"]) == (
        "96.48",
        "96.5",
        "[96.1, 96.9]",
    )
    assert found["seeds"] == "9 seeds (0–2, 4–9), 1 diverged"
    assert found["updates"] == "5,000 of 150,000 published"
    assert (found["word"], found["symbol"], found["group"]) == ("holds", "✓", "Nielsen 2015")


def test_a_row_without_records_says_so():
    """What was not measured is empty, never "None"."""
    found = row(OPEN)
    assert (found["measured"], found["interval"], found["seeds"]) == ("", "", "no seeds")
    assert (found["word"], found["scale"], found["cells"]) == ("open", "not run", "none")
    assert found["updates"] == "none of 150,000 published"
    assert "None" not in "".join(found.values())


def test_verdicts_are_counted_by_source_and_scale():
    """An unknown source goes by the first word of its id."""
    other = {**VERDICT, "id": "euler.one", "verdict": "fails"}
    counts = tally([VERDICT, OPEN, OPEN, other])
    assert {name: dict(kinds) for name, kinds in counts.items()} == {
        "Nielsen 2015": {"holds": 1, "inconclusive": 2},
        "euler": {"fails": 1},
    }
    assert scales([VERDICT, VERDICT]) == "quick"
    assert scales([VERDICT, OPEN, OPEN]) == "not run (2), quick (1)"


def test_only_what_a_source_published_stands_under_its_name():
    """Numbers and sentences apart; findings and mathematics behind them, whatever their id."""
    natures = ("finding", "number", "mathematics", "sentence")
    counts = tally([{**VERDICT, "nature": each} for each in natures])
    assert list(counts) == [
        "Nielsen 2015: numbers",
        "Nielsen 2015: sentences",
        "Findings of this project",
        "Mathematics checked",
    ]
    assert all(dict(each) == {"holds": 1} for each in counts.values())


def test_what_rounding_leaves_of_nothing_is_nothing():
    """A mean difference of -1.4e-15 points beside an interval of 0.4 is 0; a small one is not."""
    ends = [-0.2211, 0.2211]
    assert row({**VERDICT, "measured": -1.421e-15, "interval": ends})["measured"] == "0"
    assert row({**VERDICT, "measured": 1e-6, "interval": ends})["measured"] == "1e-06"
    assert row({**VERDICT, "measured": 1e-15, "interval": [0.0, 2e-15]})["measured"] == "1e-15"


@pytest.mark.parametrize(
    ("changed", "want"),
    [
        ({"scale": None}, "whose data set or study was not run"),
        (
            {"updates": [400, 900], "updates_needed": 500},
            "judged after fewer updates than they need",
        ),
        ({"updates": [500, 900], "updates_needed": 500}, "whose interval includes the threshold"),
        ({"reason": "the rate chosen for model=plain is the highest of its grid"}, "whose best"),
        (
            {"reason": "the c chosen for the support vectors, 1, is at the end of its grid"},
            "whose best",
        ),
        ({"reason": "neither network learned: both err"}, "whose networks did not learn"),
        ({"reason": "three seeds of the five that it needs"}, "for a reason stated with the claim"),
    ],
)
def test_open_claims_are_folded_by_what_they_lack_first(changed, want):
    """A rate at the edge of its grid is not an interval across a limit; needed is not published."""
    one = {
        **{"verdict": "inconclusive", "scale": "quick", "updates": [900, 900]},
        **{"updates_needed": 900, "reason": "the interval reaches across 0"},
    }
    (found,) = open_by_want([{**one, **changed}])
    assert found.startswith(want)
