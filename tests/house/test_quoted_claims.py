"""Numbers that README and docs quote of results/claims.json are those of the last run."""

import re
import runpy
from pathlib import Path

import pytest

from depthgauge.claims.read import REPORTED, read_verdicts

ROOT = Path(__file__).parents[2]
TABLE = runpy.run_path(str(ROOT / "showcase" / "table.py"))
PAGES = TABLE["pages"]()

CLAIM = {
    **dict.fromkeys(("study", "statement", "source", "rule", "reason", "dataset", "figure"), ""),
    **{"id": "nielsen.a", "verdict": "inconclusive", "unit": "%", "published": 2.5, "n": 3},
    **{"measured": 12480.2, "interval": [-0.01234, 15000.0], "scale": "quick", "cells": []},
    **{"seeds": [0, 1, 2], "n_diverged": 0, "updates": [5000, 150000]},
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_quoted_numbers_are_current(page):
    """Else: make readme."""
    text = page.read_text(encoding="utf-8")
    assert TABLE["quoted"](text, read_verdicts(ROOT / "results" / "claims.json", REPORTED)) == text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_mark_is_filled_and_closed(page):
    """A mark that is mistyped would never be renewed; one that begins a line ends a paragraph."""
    text = page.read_text(encoding="utf-8")
    assert text.count("<!-- claim:") == len(TABLE["QUOTED"].findall(text))
    assert text.count("<!-- theory:") == len(TABLE["COMPUTED"].findall(text))
    assert text.count("<!-- / -->") == text.count("<!-- claim:") + text.count("<!-- theory:")
    assert re.findall(r"^ *<!-- (?:claim|theory):.*", text, re.MULTILINE) == []


def test_the_pages_on_remedies_and_reasons_quote():
    """Two pages that once carried numbers typed by hand, which a later run contradicted."""
    for name in ("why.md", "remedies.md"):
        assert (ROOT / "docs" / name).read_text(encoding="utf-8").count("<!-- claim:") > 10


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        ("", "12,500"),
        (" interval", "-0.0123 to 15,000"),
        (" verdict", "open"),
        (" published", "2.5"),
        (" n", "3"),
        (" scale", "quick"),
        (" updates", "5,000 of 150,000 published"),
    ],
)
def test_a_mark_is_filled_from_its_claim(part, shown):
    """Three significant digits; what stood there goes, what stands around it stays."""
    mark = f"<!-- claim:nielsen.a{part} -->"
    text = f"about {mark}STALE<!-- / --> points"
    assert TABLE["quoted"](text, [CLAIM]) == f"about {mark}{shown}<!-- / --> points"


def test_a_claim_that_was_not_run_says_so():
    """No number is left standing from an earlier run."""
    text = "<!-- claim:nielsen.a -->12<!-- / -->"
    empty = CLAIM | {"measured": None, "interval": None}
    assert "-->not run<" in TABLE["quoted"](text, [empty])


@pytest.mark.parametrize(
    ("name", "shown"),
    # 4.88 from the fixed point of the length map; 1/2 (1 + erf) + x phi is steepest at sqrt(2)
    [("nielsen_2", "23.8"), ("gelu_slope", "1.13"), ("steep_width", "0.448")],
)
def test_a_number_of_theory_is_computed(name, shown):
    """Whatever stands there; a name that does not exist is an error."""
    text = f"about <!-- theory:{name} -->STALE<!-- / -->"
    assert TABLE["quoted"](text, []) == f"about <!-- theory:{name} -->{shown}<!-- / -->"
    with pytest.raises(ValueError, match="theory:none"):
        TABLE["quoted"]("<!-- theory:none -->1<!-- / -->", [])


def test_prose_that_explains_results_has_no_number_of_its_own():
    """A measured number of why.md is quoted: digits stand in marks, formulas, sources and names."""
    text = (ROOT / "docs" / "why.md").read_text(encoding="utf-8")
    equations = re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL)
    marks = r"<!--.*?-->[^<]*<!-- / -->|\$[^$]*\$|!\[.*?\)|\]\(.*?\)"
    prose = re.sub(marks, "", equations, flags=re.DOTALL)
    prose = re.sub(r"95 %\s(prediction )?interval", "interval", prose)
    assert re.findall(r"\d\.\d+|\d+ ?%|\d+ points|\d,\d{3}", prose) == []


@pytest.mark.parametrize("mark", ["nielsen.b", "nielsen.a colour"])
def test_an_unknown_claim_or_part_is_named(mark):
    """A claim that was renamed fails here rather than leaving its old number."""
    with pytest.raises(ValueError, match=mark):
        TABLE["quoted"](f"<!-- claim:{mark} -->1<!-- / -->", [CLAIM])
