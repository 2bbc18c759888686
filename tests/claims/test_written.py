"""A list of verdicts is read as it was written, or refused with what is wrong."""

import json
from pathlib import Path

import pytest

from depthgauge.claims.written import OF_ALL, parse

READINGS = {"kind": "joint", "n": 2, "published_values": [1, 2], "values": [[1, 2], [3, 1]]}

TEXT = (Path(__file__).parents[2] / "results" / "claims.json").read_text("utf-8")


def test_the_committed_verdicts_are_read_as_they_are():
    """Every key of every verdict, with no value changed."""
    assert parse(TEXT, OF_ALL) == json.loads(TEXT)


def test_an_older_list_may_lack_what_nobody_asked_for():
    """Keys that are not required may be missing; those there are still checked."""
    older = [{"id": "a.b", "n": 3}]
    assert parse(json.dumps(older), ["id"]) == older
    with pytest.raises(ValueError, match="n of entry 0"):
        parse(json.dumps([{"id": "a.b", "n": "3"}]), ["id"])


def test_each_required_key_is_asked_for():
    """The sentence names the key that is lacking, and where."""
    for key in OF_ALL:
        verdicts = json.loads(TEXT)[:3]
        del verdicts[1][key]
        with pytest.raises(ValueError, match=rf"\b{key}\b.* of entry 1 lacking or wrong"):
            parse(json.dumps(verdicts), OF_ALL)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", 3),
        ("statement", "half a character: \ud800"),
        ("reason", "\x1b[31mred"),
        ("measured", True),
        ("measured", 1e301),
        ("interval", [0.0]),
        ("interval", [0.0, "1"]),
        ("n", -1),
        ("n", 2**63),
        ("n", True),
        ("seeds", [0, None]),
        ("updates", [None, None]),
        ("updates", [3]),
        ("cells", "hidden=[30]"),
        ("format", True),
        ("format", "3"),
        ("values", [1, [2, None]]),
        ("values", 3),
        ("sensitivity", "half"),
        ("rule_arguments", []),
        ("kind", None),
        ("verdict", "maybe"),
        ("verdict", ["holds"]),
    ],
)
def test_a_value_of_another_kind_is_named(key, value):
    """Also what would steer a terminal, or is too large to write."""
    verdicts = json.loads(TEXT)[:3]
    verdicts[2][key] = value
    with pytest.raises(ValueError, match=f"^{key} of entry 2 lacking or wrong"):
        parse(json.dumps(verdicts), OF_ALL)


@pytest.mark.parametrize("format", [0, 4])
def test_another_format_is_named(format):
    """A later version of depthgauge may write what this one does not know."""
    verdicts = json.loads(TEXT)[:3]
    verdicts[2]["format"] = format
    with pytest.raises(ValueError, match=rf"entry 2 is of format {format}; .* reads 1 to 3"):
        parse(json.dumps(verdicts), OF_ALL)


def test_readings_and_percentages_are_read():
    """Two nets of two readings, or one row for all; an end that four digits round to 100."""
    first = json.loads(TEXT)[0]
    one = {**READINGS, "values": [[1, 2]]}
    logit = {"kind": "logit_prediction", "measured": 99.9, "interval": [99.5, 100.0]}
    for changes in (READINGS, one, logit):
        verdict = {**first, **changes}
        assert parse(json.dumps([verdict]), OF_ALL) == [verdict]


def test_what_is_no_list_of_verdicts_is_refused():
    """Another tree, a number that is none, a claim twice, a number without its interval."""
    first = json.loads(TEXT)[0]
    for text, reason in (
        ("{}", "no list"),
        ("[3]", "entry 0 is no verdict"),
        ("[NaN]", "NaN is no number"),
        ("[" * 100_000, "nested too deeply"),
        (json.dumps([first, first]), "twice"),
        (json.dumps([{**first, "interval": None}]), "without an interval"),
        (json.dumps([{**first, "interval": [2, 1]}]), "no rule of its kind"),
        (json.dumps([{**first, "kind": "fraction"}]), "no rule of its kind"),
        (json.dumps([{**first, "kind": "joint"}]), "no rule of its kind"),
        (json.dumps([{**first, **READINGS, "n": 3}]), "no rule of its kind"),
        (json.dumps([{**first, **READINGS, "values": [[1, 2], [1]]}]), "no rule of its kind"),
        (json.dumps([{**first, **READINGS, "values": [[1, 2], [0, 1]]}]), "no rule of its kind"),
        (json.dumps([{**first, "kind": "logit_prediction", "measured": 101}]), "no rule of its"),
        (json.dumps([{**first, "kind": "geometric_mean", "measured": 0}]), "no rule of its kind"),
    ):
        with pytest.raises(ValueError, match=reason):
            parse(text, OF_ALL)
