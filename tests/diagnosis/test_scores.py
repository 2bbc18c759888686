"""The published table is that of the committed runs, and its rates are what they say."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "bench"))

from diagnosis_table import Run, load, rates, renewed  # noqa: E402


def runs(*rows):
    return [Run("ours", f"net {n}", 0, *row) for n, row in enumerate(rows)]


def test_rates_of_hand_counted_runs():
    """Two of three faulty runs found, one rightly; one of two healthy runs with an alarm."""
    found = rates(
        runs(
            (True, ["vanishes"], True, True, 10, 10),
            (True, ["dead"], False, False, 10, 10),
            (True, [], False, None, 10, 0),
            (False, [], False, None, 10, 0),
            (False, ["dead"], False, None, 10, 3),
        )
    )
    assert found["recall"] == pytest.approx(2 / 3) and found["precision"] == pytest.approx(2 / 3)
    assert found["right finding"] == pytest.approx(1 / 3) and found["right cause"] == 0.5
    assert found["false alarms per 100 looks"] == pytest.approx(15)
    assert found["healthy runs with an alarm"] == 0.5


def test_the_page_shows_the_committed_runs():
    """docs/diagnosis.md holds the table of results/diagnosis.json."""
    page = (ROOT / "docs" / "diagnosis.md").read_text(encoding="utf-8")
    assert renewed(page, load(ROOT / "results" / "diagnosis.json")) == page
