"""What came out, in sentences whose numbers are filled in from the verdicts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from depthgauge.report.numbers import brief, span
from depthgauge.report.verdicts import Verdicts, group, published
from depthgauge.studies.remedies.register import DEEP, REMEDIES

Verdict = Mapping[str, Any]

LEAD = ("nielsen_initial_speed", "nielsen_accuracy", "glorot_init_deltas")
"""The figures of the first screen: vanishing gradients, accuracy over depth, what the init does."""

DECIDED = ("holds", "fails")


@dataclass(frozen=True)
class Sentence:
    """A sentence and the ids of the claims whose numbers are in it."""

    text: str
    claims: tuple[str, ...]


@dataclass(frozen=True)
class Template:
    """A sentence that is used if all of its claims have the same `verdict`.

    `{a:m}` is the number measured for the claim whose id `claims` gives as a, `{a:i}` its interval,
    `{a:p}` the published number; `{a:-m}` and so on are the same with the opposite sign.
    """

    text: str
    claims: Mapping[str, str]
    verdict: str = "holds"


TEMPLATES = (
    Template(
        "Gradients vanish as described: in networks with four hidden layers of sigmoid units, the"
        " last hidden layer starts learning {a:m} times as fast as the first (in Nielsen's network:"
        " {a:p} times). The growth per layer is {b:m} {b:i} times what mean-field theory predicts,"
        " with nothing fitted.",
        {"a": "nielsen.initial_speed.h4.hundredfold", "b": "theory.mean_field.nielsen.h4"},
    ),
    Template(
        "A second hidden layer improves the accuracy by {a:m} {a:i} percentage points (published:"
        " {a:p}); with four layers it is {b:m} {b:i} points below that of two (published: {b:p}).",
        {"a": "nielsen.depth.two_above_one", "b": "nielsen.depth.four_below_two"},
    ),
    Template(
        "The top layer of a sigmoid network saturates early: its mean activation falls to {a:m}"
        " within 1,000 updates.",
        {"a": "glorot.saturation.sigmoid_top_to_zero"},
    ),
)
"""What replicates, in the order of the page."""

SURPRISES = (
    Template(
        "Networks with four hidden layers classify worse than those with one, by {a:m} {a:i}"
        " percentage points. In Nielsen's single runs, four layers were better by {a:-p}.",
        {"a": "nielsen.depth.four_below_one"},
    ),
    Template(
        "Nielsen writes that a first layer with random weights throws away most information about"
        " the image. With such a layer frozen, training the other layers still reaches {a:m} {a:i}"
        " of the fully trained network's accuracy above chance.",
        {"a": "nielsen.capacity.frozen_loses_most"},
        "fails",
    ),
    Template(
        "Nielsen's problem for the reader asks for an activation with a larger derivative. Tanh"
        " has one, but ends {a:-m} {a:-i} percentage points below the sigmoid with two hidden"
        " layers, {b:-m} {b:-i} with four.",
        {
            "a": "nielsen.capacity.larger_slope_classifies.h2",
            "b": "nielsen.capacity.larger_slope_classifies.h4",
        },
        "fails",
    ),
)
"""What does not, in the order of the page."""

_SINGULAR = {"tanh": "standard", "tanh_n": "normalized"}
"""Last part of a claim's id -> the initialization."""

_PRINTED = {"tanh": "0.5", "tanh_n": "around 0.8"}
"""Mean singular values as Glorot and Bengio, section 4.2.2, print them."""


def outcome(verdicts: Verdicts) -> list[Sentence]:
    """Return what was reproduced; a sentence whose claims do not all hold is left out."""
    by_id = {each["id"]: each for each in verdicts}
    filled = (_filled(template, by_id) for template in TEMPLATES)
    said = [*_numbers(verdicts), *filled, _singular_values(by_id), _remedies(by_id)]
    return [sentence for sentence in said if sentence]


def surprises(verdicts: Verdicts) -> list[Sentence]:
    """Return what came out otherwise than published."""
    by_id = {each["id"]: each for each in verdicts}
    said = [*(_filled(template, by_id) for template in SURPRISES), _readings(verdicts)]
    return [sentence for sentence in said if sentence]


def refuted(verdicts: Verdicts) -> list[Verdict]:
    """Return the verdicts on published claims that fail."""
    return [each for each in published(verdicts) if each["verdict"] == "fails"]


def _numbers(verdicts: Verdicts) -> Iterable[Sentence]:
    """Yield for each source how many of its numbers agree with our runs."""
    numbers = [
        each for each in verdicts if each.get("nature") == "number" and each["verdict"] in DECIDED
    ]
    for source in dict.fromkeys(map(group, numbers)):
        judged = [each for each in numbers if group(each) == source]
        agree = sum(each["verdict"] == "holds" for each in judged)
        which = f"All {agree}" if agree == len(judged) else f"{agree} of the {len(judged)}"
        yield Sentence(
            f"{source}: {which} published numbers and curves that could be judged agree with our"
            " runs.",
            (),
        )


def _filled(template: Template, by_id: Mapping[str, Verdict]) -> Sentence | None:
    found = {key: by_id.get(id) for key, id in template.claims.items()}
    if not all(each and each["verdict"] == template.verdict for each in found.values()):
        return None
    numbers = {key: _Numbers(each) for key, each in found.items() if each}
    return Sentence(template.text.format(**numbers), tuple(template.claims.values()))


class _Numbers:
    """The numbers of a verdict as format specifications: m(easured), i(nterval), p(ublished)."""

    def __init__(self, verdict: Verdict) -> None:
        self._verdict = verdict

    def __format__(self, part: str) -> str:
        sign = -1 if part.startswith("-") else 1
        name = {"m": "measured", "i": "interval", "p": "published"}[part.removeprefix("-")]
        if name == "interval":
            ends = sorted(sign * end for end in self._verdict[name])
            return f"[{', '.join(map(brief, ends))}]"
        return brief(sign * self._verdict[name])


def _readings(verdicts: Verdicts) -> Sentence | None:
    """Return by what factors readings of figures differ where they do."""
    found = [each for each in refuted(verdicts) if each.get("unit") == "ours / reading"]
    if not found:
        return None
    many = len(found) > 1
    return Sentence(
        f"{len(found)} reading{'s' if many else ''} of Glorot and Bengio's figures"
        f" {'differ' if many else 'differs'} from our value: the ratio of ours to theirs is"
        f" {span(each['measured'] for each in found)}.",
        tuple(each["id"] for each in found),
    )


def _singular_values(by_id: Mapping[str, Verdict]) -> Sentence | None:
    """Return the range over data sets of the mean singular values with each initialization."""
    ids = {
        model: [
            id
            for id, each in by_id.items()
            if id.startswith("glorot.init.") and id.endswith(f".singular_value.{model}")
            if each["measured"] is not None
        ]
        for model in _SINGULAR
    }
    if not all(ids.values()):
        return None
    parts = []
    for model, init in _SINGULAR.items():
        values = span(by_id[id]["measured"] for id in ids[model])
        parts.append(f"{values} with the {init} initialization (published: {_PRINTED[model]})")
    return Sentence(
        "At the start, the mean singular value of a layer's Jacobian in five layers of tanh units"
        f" is {' and '.join(parts)}.",
        (*ids["tanh"], *ids["tanh_n"]),
    )


def _remedies(by_id: Mapping[str, Verdict]) -> Sentence | None:
    """Return how many remedies help a net of 20 layers, and the largest improvement."""
    tried = {id: each for id, each in by_id.items() if id.startswith("remedies.helps.")}
    helped = {id: each for id, each in tried.items() if each["verdict"] == "holds"}
    if not helped:
        return None
    best = max(helped, key=lambda id: helped[id]["measured"])
    gain = brief(helped[best]["measured"])
    name = REMEDIES[best.split(".")[-1]]["title"]
    return Sentence(
        f"Of {len(tried)} remedies for a tanh network of {DEEP} layers that hardly learns,"
        f" {len(helped)} improve its accuracy, {name} the most: by {gain} percentage points.",
        (best,),
    )
