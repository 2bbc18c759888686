"""A list of verdicts is read as it was written, or refused with the reason."""

import json
from pathlib import Path

import pytest

from depthgauge.claims.read import REPORTED, parse, read_verdicts
from depthgauge.errors import DataError

TEXT = (Path(__file__).parents[2] / "results" / "claims.json").read_text("utf-8")


def test_the_committed_verdicts_are_read_as_they_are():
    """Every key of every verdict, with no value changed."""
    assert parse(TEXT, REPORTED) == json.loads(TEXT)


@pytest.mark.parametrize(
    "text", ["", "[", "{}x", "[1]", '{"a": 1}', '[{"id": "nielsen.x"}]', "[null]", "3"]
)
def test_a_damaged_file_is_named(tmp_path, text):
    """One sentence with the path and the command that makes another."""
    path = tmp_path / "claims.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"claims\.json is not a list of verdicts .* judge"):
        read_verdicts(path)


def test_a_missing_file_is_named(tmp_path):
    """With the command that makes it."""
    with pytest.raises(DataError, match=r"no claims at .*claims\.json; run `depthgauge judge`"):
        read_verdicts(tmp_path / "claims.json")


def test_an_older_list_may_lack_what_nobody_asked_for():
    """Keys that are not required may be missing; those there are still checked."""
    older = [{"id": "a.b", "n": 3}]
    assert parse(json.dumps(older), ["id"]) == older
    with pytest.raises(ValueError, match="entry 0: n missing or invalid"):
        parse(json.dumps([{"id": "a.b", "n": "3"}]), ["id"])


def test_each_required_key_is_asked_for():
    """The sentence names the key that is lacking, and where."""
    for key in REPORTED:
        verdicts = json.loads(TEXT)[:3]
        del verdicts[1][key]
        with pytest.raises(ValueError, match=rf"entry 1: .*\b{key}\b.* missing or invalid"):
            parse(json.dumps(verdicts), REPORTED)


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
    with pytest.raises(ValueError, match=f"^entry 2: {key} missing or invalid"):
        parse(json.dumps(verdicts), REPORTED)


@pytest.mark.parametrize("format", [0, 4])
def test_another_format_is_named(format):
    """A later version of depthgauge may write what this one does not know."""
    verdicts = json.loads(TEXT)[:3]
    verdicts[2]["format"] = format
    with pytest.raises(ValueError, match=rf"entry 2 has format {format}; .* reads 1 to 3"):
        parse(json.dumps(verdicts), REPORTED)


def test_what_is_not_a_list_of_verdicts_is_refused():
    """Another tree, a number that is none, a claim twice, a number without its interval."""
    first = json.loads(TEXT)[0]
    for text, reason in (
        ("{}", "not a list"),
        ("[3]", "entry 0 is not a verdict"),
        ("[NaN]", "NaN is not a number"),
        ("[" * 100_000, "nested too deeply"),
        (json.dumps([first, first]), "two entries have the same id"),
        (json.dumps([{**first, "interval": None}]), "without an interval"),
    ):
        with pytest.raises(ValueError, match=reason):
            parse(text, REPORTED)
