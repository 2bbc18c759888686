"""Nothing that no source published stands under a source's name; the lists are the review's."""

import json
from collections import Counter

import pytest

from depthgauge.claims.judging import judge
from depthgauge.claims.nature import Nature
from depthgauge.claims.written import OF_ALL, parse
from depthgauge.studies.registry import CLAIMS

NATURE = {each["id"]: each["nature"] for each in judge({}, CLAIMS)}

MATHEMATICAL = [
    "theory.chain.product.4",
    "theory.chain.product.10",
    "theory.chain.product.30",
    "theory.chain.slope_bound",
    "theory.chain.slope_reached",
    "theory.chain.explodes.4",
    "theory.chain.explodes.10",
    "theory.chain.explodes.30",
    "theory.chain.steep_needs_four",
    "theory.chain.steep_width",
    "theory.chain.widest",
    "theory.chain.widest_at",
    "milman.identity",
    "milman.bound.examples",
    "milman.bound.means",
    "nielsen.capacity.identity_error",
    "nielsen.capacity.identity_error_bound",
]
OURS = [
    "nielsen.training_speed.h3.plateau",
    "nielsen.training_speed.h4.plateau",
    "milman.explains_slope",
    "nielsen.capacity.literal_identity",
    "nielsen.initial_speed.h4.hundredfold",
]


def ids(wanted):
    return {id for id, found in NATURE.items() if found == wanted}


def test_mathematics_is_what_no_network_can_refute():
    """Identities, bounds, the constants 25, 1/4, 4, 6.9 and 0.45, equation 123."""
    assert ids(Nature.mathematics) == set(MATHEMATICAL)


def test_findings_are_what_nobody_published():
    """Remedies, mean field at finite width, and five single ones."""
    grids = {id for id in NATURE if id.startswith(("remedies.", "theory.mean_field."))}
    assert ids(Nature.finding) == {*OURS, *grids}


def test_numbers_are_the_printed_ones_and_those_of_published_data():
    """4 accuracies, 9 norms, Table 1, 6 singular values; 9 curves with 10 numbers; 2 of bars."""
    count = Counter(id.split(".")[0] + "." + id.split(".")[1] for id in ids(Nature.number))
    assert count == {
        "nielsen.accuracy": 4,
        "nielsen.initial_speed": 9,
        "nielsen.curves": 19,
        "nielsen.neuron_bars": 2,
        "glorot.error": 20,
        "glorot.init": 6,
    }


def test_sentences_are_quoted_from_a_source():
    """All the rest is of Nielsen, Milman, or Glorot and Bengio."""
    sources = [claim.source for claim in CLAIMS if NATURE[claim.id] == Nature.sentence]
    assert len(sources) > 80
    assert all(each.startswith(("Nielsen 2015", "Milman", "Glorot and Bengio")) for each in sources)


def test_claims_json_holds_it_and_refuses_another():
    """Written with every verdict; a file of before has none; a word that is none is refused."""
    verdicts = judge({}, CLAIMS)
    assert {each["id"]: each["nature"] for each in verdicts} == NATURE
    first = verdicts[0]
    assert parse(json.dumps([first]), OF_ALL) == [first]
    old = {key: value for key, value in first.items() if key != "nature"}
    assert parse(json.dumps([old]), OF_ALL) == [old]
    with pytest.raises(ValueError, match="nature of entry 0"):
        parse(json.dumps([{**first, "nature": "rumour"}]), OF_ALL)
