"""Nothing that no source published stands under a source's name; the lists are the review's."""

import json
from collections import Counter

import pytest

from depthgauge.claims.judging import judge
from depthgauge.claims.nature import Nature
from depthgauge.claims.read import REPORTED, parse
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
    "nielsen.depth.four_below_one",
    "glorot.output_speed.bias_over_signal",
    "glorot.output_speed.without_bias",
    "nielsen.initial_speed.h4.hundredfold",
    "nielsen.capacity.larger_slope_at_start",
    "nielsen.capacity.larger_slope_classifies.h2",
    "nielsen.capacity.larger_slope_classifies.h4",
]


def ids(wanted):
    return {id for id, found in NATURE.items() if found == wanted}


def test_mathematics_is_what_no_network_can_refute():
    """Identities, bounds, the constants 25, 1/4, 4, 6.9 and 0.45, equation 123."""
    assert ids(Nature.mathematics) == set(MATHEMATICAL)


def test_findings_are_what_nobody_published():
    """Remedies, mean field, what the chapter only asks, an initialization that is inferred."""
    grids = {id for id in NATURE if id.startswith(("remedies.", "theory.mean_field."))}
    grids |= {id for id in NATURE if "tanh_drawn" in id}
    assert ids(Nature.finding) == {*OURS, *grids}


def test_numbers_are_the_printed_ones_and_those_of_published_data():
    """Nielsen's: accuracies, norms of three nets, curves and readings of them, bars."""
    count = Counter(id.split(".")[1] for id in ids(Nature.number) if id.startswith("nielsen."))
    assert count == {
        "accuracy": 4,
        "initial_speed": 3,
        "curves": 19,
        "training_speed": 3,
        "neuron_bars": 2,
    }
    assert sum(id.startswith("glorot.error.") and id.count(".") == 3 for id in ids("number")) == 20


def test_sentences_are_quoted_from_a_source():
    """All the rest is of Nielsen, Milman, or Glorot and Bengio."""
    sources = [claim.source for claim in CLAIMS if NATURE[claim.id] == Nature.sentence]
    assert len(sources) > 80
    assert all(
        each.startswith(("Nielsen 2015", "Milman", "Glorot and Bengio", "Lucas"))
        for each in sources
    )


def test_claims_json_holds_it_and_refuses_another():
    """Written with every verdict; a file of before has none; a word that is none is refused."""
    verdicts = judge({}, CLAIMS)
    assert {each["id"]: each["nature"] for each in verdicts} == NATURE
    first = verdicts[0]
    assert parse(json.dumps([first]), REPORTED) == [first]
    old = {key: value for key, value in first.items() if key != "nature"}
    assert parse(json.dumps([old]), REPORTED) == [old]
    with pytest.raises(ValueError, match="entry 0: nature missing"):
        parse(json.dumps([{**first, "nature": "rumour"}]), REPORTED)
