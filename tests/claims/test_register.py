"""A register file is read whole or refused with one sentence; nothing in it is ignored."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from depthgauge.claims.claim import Cells
from depthgauge.claims.nature import Nature
from depthgauge.claims.register import load
from depthgauge.claims.rule_names import RULES
from depthgauge.claims.statistics import Values
from depthgauge.errors import ConfigError
from depthgauge.studies.nielsen.register import REGISTER as NIELSEN
from depthgauge.studies.registry import CLAIMS

ENTRY = {
    "id": "mine.h{depth}",
    "for": {"depth": [2, 3]},
    "cite": "A. Author 2020",
    "place": "p. 3",
    "quote": "depth {depth} helps",
    "statement": "{depth} layers reach {published:.1f} %",
    "nature": "number",
    "study": "mine",
    "cells": [{"hidden": "30 x {depth}"}],
    "estimate": {"mine.reading": {"layer": "{depth}"}},
    "rule": {"published_number": {"scale": "log"}},
    "unit": "%",
    "figure": "",
    "updates": 10,
    "published": "{table[depth]}",
}


def reading(cells: Cells, layer: int) -> Values:
    return np.full(3, float(layer))


def written(folder, *, entry=None, **top):
    """A file with one group and one entry; a value of None removes a field."""
    fields = {key: value for key, value in {**ENTRY, **(entry or {})}.items() if value is not None}
    file = {"source": "A. Author", "tables": {"table": {2: 12.5, 3: 13}}}
    path = Path(folder) / "claims.yaml"
    path.write_text(yaml.safe_dump({**file, "groups": [{"claims": [fields]}], **top}))
    return path


def loaded(folder, **changes):
    return load(written(folder, **changes), {"mine.reading": reading}).claims


def test_an_entry_is_a_claim_for_each_round_of_its_loop(tmp_path):
    """Templates are filled in, a number stays a number, layers are written out."""
    two, three = loaded(tmp_path)
    assert (two.id, three.id) == ("mine.h2", "mine.h3")
    assert two.source == 'A. Author 2020, p. 3: "depth 2 helps"'
    assert two.statement == "2 layers reach 12.5 %"
    assert (two.published, three.published) == (12.5, 13)
    assert three.cells == ({"hidden": [30, 30, 30]},)
    assert three.estimate([]).tolist() == [3, 3, 3]
    assert (two.nature, two.rule.name, two.rule.arguments) == (
        Nature.number,
        "published_number",
        {"scale": "log", "fewest": 5},
    )


def test_rows_of_a_loop_are_taken_as_they_are(tmp_path):
    """No product is made of them; a list counts from 1."""
    rows = [{"depth": 2, "layer": 1}, {"depth": 3, "layer": 2}]
    entry = {"for": rows, "id": "mine.{depth}{layer}", "published": "{table[depth][layer]}"}
    found = loaded(tmp_path, entry=entry, tables={"table": {2: [5], 3: [6, 7]}})
    assert [(each.id, each.published) for each in found] == [("mine.21", 5), ("mine.32", 7)]


def test_shared_fields_give_way_to_an_entrys_own(tmp_path):
    """Those of the file to the group's, both to the entry's."""
    group = {"shared": {"unit": "m", "figure": "one"}, "claims": [{**ENTRY, "unit": "s"}]}
    del group["claims"][0]["figure"]
    path = written(tmp_path, shared={"figure": "other", "cite": "X"}, groups=[group])
    claim = load(path, {"mine.reading": reading}).claims[0]
    assert (claim.unit, claim.figure) == ("s", "one")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"statment": "x"}, "claims.yaml, mine.h2 has unknown fields: statment"),
        ({"unit": None, "rule": None}, "mine.h2 lacks rule, unit"),
        ({"estimate": "mine.readign"}, "estimate names mine.readign, which is none of"),
        (
            {"estimate": {"mine.reading": {"layer": 1, "lair": 1}}},
            "got an unexpected keyword argument 'lair'",
        ),
        ({"estimate": "mine.reading"}, "missing a required argument: 'layer'"),
        ({"estimate": ["mine.reading"]}, "takes a name, or one name with its arguments"),
        ({"rule": "oftne"}, "rule is oftne, which is none of about, alike"),
        ({"rule": {"close": {}}}, "missing a required argument: 'margin'"),
        ({"rule": {"always": {"least": 0.7}}}, "got an unexpected keyword argument 'least'"),
        ({"nature": "rumour"}, "nature is 'rumour'; take number, sentence"),
        ({"nature": "sentence", "quote": None}, "a sentence needs `quote`"),
        ({"rule": "ordering"}, "a number needs `published`, and a rule that judges it"),
        ({"published": None, "statement": "x"}, "a number needs `published`"),
        ({"published": "twelve"}, "published is 'twelve', which is not a number"),
        ({"published": "{table[layer]}"}, "refers to layer, which is not there"),
        ({"statement": "{depht} layers"}, "{depht} refers to depht, which is not there"),
        ({"cells": [{"hidden": "30x2"}]}, "give units x layers, as in 30 x 4"),
        ({"cells": []}, "cells is a list with one mapping for each cell"),
        ({"updates": -1}, "updates is -1, which is not a number of steps"),
        ({"unit": 3}, "unit is 3, which is not text"),
        ({"rest": "rates.at_chosen_rate"}, "rest names rates.at_chosen_rate, which is none of"),
        ({"replicas": "rates.final_test_error"}, "replicas names rates.final_test_error"),
        ({"for": 3}, "`for` takes a list of rows, or lists of values by name"),
        ({"id": "mine"}, "holds the claim mine twice"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path, change, sentence):
    """One sentence says where and what."""
    with pytest.raises(ConfigError) as raised:
        loaded(tmp_path, entry=change)
    assert sentence in str(raised.value) and "claims.yaml" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("groups: [", "is not a register of claims"),
        ("- a\n- b", "is not a mapping of fields"),
        ("gruops: []", "claims.yaml has unknown fields: gruops; known ones are"),
        ("groups: [{claim: []}]", "a group of claims.yaml has unknown fields: claim"),
        ("groups: [{claims: [x]}]", "a claim of claims.yaml is not a mapping"),
        ("groups:\n- shared: {unit: a, unit: b}", "the key 'unit' is there twice"),
    ],
)
def test_another_file_is_refused(tmp_path, text, sentence):
    """YAML that cannot be read, or is not a register."""
    path = tmp_path / "claims.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"claims\.yaml") as raised:
        load(path, {})
    assert sentence in str(raised.value)


def test_every_name_in_the_chapters_file_is_used():
    """No reader of Nielsen's records is left that no claim names."""
    named = {
        getattr(each.estimate, "func", each.estimate)
        for each in CLAIMS
        if each.id.startswith(("nielsen.", "theory.chain."))
    }
    readers = {
        name: value
        for name, value in NIELSEN.readers.items()
        if value.__annotations__.get("return") == Values and "cells" in value.__annotations__
    }
    assert [name for name, value in readers.items() if value not in named] == []


def test_the_example_of_the_docs_is_a_register(tmp_path):
    """docs/claims.md shows a file that can be read."""
    page = (Path(__file__).parents[2] / "docs" / "claims.md").read_text("utf-8")
    path = tmp_path / "claims.yaml"
    path.write_text(page.split("```yaml\n")[1].split("```")[0], "utf-8")
    claims = load(path, NIELSEN.readers).claims
    assert [(each.id, each.published) for each in claims] == [
        ("author.accuracy.h1", 96.48),
        ("author.accuracy.h2", 96.9),
    ]


def test_the_docs_name_every_rule():
    """docs/claims.md has the table of rules."""
    page = (Path(__file__).parents[2] / "docs" / "claims.md").read_text("utf-8")
    assert [name for name in RULES if f"`{name}`" not in page] == []
