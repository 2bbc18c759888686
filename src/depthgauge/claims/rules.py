"""The rules of judgement: words of the sources turned into numbers, once, for every claim.

All but one have the same shape: an interval over seeds against a region. Inside it the claim holds,
wholly outside it fails, across its edge it stays open. None knows at which scale it is used.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from depthgauge.claims.judgement import (
    Judgement,
    UndecidableError,
    Verdict,
    against,
    judged,
    region,
)
from depthgauge.claims.statistics import (
    Interval,
    Values,
    geometric,
    least_significant_difference,
    t_interval,
    t_prediction_interval,
    wilson_interval,
)

Published = float | tuple[float, ...] | None
"""What a source gives: one number, those of a curve, or none."""


class Kind(StrEnum):
    """What the numbers of a judgement are, and so which test compares two of them."""

    mean = "mean"
    geometric_mean = "geometric_mean"
    prediction = "prediction"
    """A mean, with a prediction interval for one more run."""
    geometric_prediction = "geometric_prediction"
    fraction = "fraction"
    """Of seeds."""
    range = "range"
    """The interval holds the least and the largest seed."""
    spread = "spread"
    """A multiple of a standard deviation."""


@dataclass(frozen=True)
class Rule:
    """How numbers of seeds become a judgement."""

    text: str
    """The rule in words; before the colon its kind."""
    decide: Callable[[Values, Published], Judgement]
    """From the estimate of each seed, (seed,), and the published number."""
    kind: Kind
    judges_number: bool = False
    """Whether a number or a curve of a source is judged, not its words."""
    name: str = ""
    """What entries of a register call it."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What they give it."""


PUBLISHED_NUMBER = "published number"
"""The kind of rule that a true claim misses by chance alone, once in 20 times."""


def published_number(log: bool = False) -> Rule:
    """Return the rule for one published number: it is like one more run of ours."""

    def decide(values: Values, published: Published) -> Judgement:
        published = _number(published)
        found = _geometric(t_prediction_interval, values) if log else t_prediction_interval(values)
        _, low, high = found
        inside = low <= published <= high
        where = "inside" if inside else "outside"
        reason = f"{published:g} lies {where} the prediction interval"
        return judged(Verdict.holds if inside else Verdict.fails, reason, found)

    scale = " of the logarithms" if log else ""
    return Rule(
        f"{PUBLISHED_NUMBER}: inside the 95 % t prediction interval{scale} for one more run",
        decide,
        Kind.geometric_prediction if log else Kind.prediction,
        judges_number=True,
    )


def fraction_above(word: str, least: float) -> Rule:
    """Return the rule for `word`: in more than `least` of all seeds; 1 counts as seen, 0 as not."""

    def decide(values: Values, _: Published) -> Judgement:
        found = wilson_interval(round(float(values.sum())), len(values))
        return against(found, least, math.inf)

    return Rule(
        f"{word}: the 95 % Wilson interval of the fraction of seeds is above {least}",
        decide,
        Kind.fraction,
    )


def factor_between(word: str, low: float, high: float) -> Rule:
    """Return the rule for `word`: a ratio's geometric mean over seeds lies in (low, high)."""

    def decide(values: Values, _: Published) -> Judgement:
        return against(_geometric(t_interval, values), low, high)

    text = f"{word}: the 95 % t interval of the geometric mean over seeds lies {region(low, high)}"
    return Rule(text, decide, Kind.geometric_mean)


def roughly(target: float) -> Rule:
    """Return the rule for "roughly `target`": within a factor of 2 of it."""
    return factor_between("roughly", target / 2, target * 2)


def close(margin: float) -> Rule:
    """Return the rule for "close to": the mean paired difference lies within +- `margin`."""

    def decide(values: Values, _: Published) -> Judgement:
        return against(t_interval(values), -margin, margin)

    return Rule(
        "close: the 95 % t interval of the mean difference, paired by seed, lies within"
        f" +- {margin:g}",
        decide,
        Kind.mean,
    )


def as_printed(half: float) -> Rule:
    """Return the rule for "about" a number of few digits: our mean lies within `half` of it."""

    def decide(values: Values, published: Published) -> Judgement:
        published = _number(published)
        return against(t_interval(values), published - half, published + half)

    return Rule(
        f"as printed: the 95 % t interval of the mean lies within {half:g}, half a unit of the last"
        " digit, of the published number",
        decide,
        Kind.mean,
        judges_number=True,
    )


def _decide_ordering(values: Values, _: Published) -> Judgement:
    return against(t_interval(values), 0.0, math.inf)


def _decide_not_significant(values: Values, published: Published) -> Judgement:
    published = _number(published)
    found = least_significant_difference(values[:, 0], values[:, 1])
    return against(found, published, math.inf)


def printed(half: float) -> Rule:
    """Return the rule for a constant of the text: every seed gives it, within `half` a unit."""

    def decide(values: Values, published: Published) -> Judgement:
        published = _number(published)
        found = float(values.mean()), float(values.min()), float(values.max())
        off = int((np.abs(values - published) > half).sum())
        verdict = Verdict.fails if off else Verdict.holds
        return judged(verdict, f"{off} of {len(values)} seeds give another number", found)

    text = f"constant: within {half:g} of the published number in every seed"
    return Rule(text, decide, Kind.range)


def _decide_never(values: Values, _: Published) -> Judgement:
    found = float(values.max()), float(values.min()), float(values.max())
    above = int((values > 1).sum())
    verdict = Verdict.fails if above else Verdict.holds
    return judged(verdict, f"{above} of {len(values)} seeds go above 1", found)


NEVER_ABOVE_ONE = Rule(
    "never: the largest value of every seed is at most 1 (interval: least and largest seed); one"
    " violation fails",
    _decide_never,
    Kind.range,
)
"""For identities, as parts of what rounding explains, and for bounds, as parts of the bound."""

PREDICTED = replace(
    published_number(log=True),
    text="predicted number: inside the 95 % t prediction interval of the logarithms for one more"
    " net",
)
"""The number in the place of the published one is theory's."""

ORDERING = Rule(
    "ordering: the 95 % t interval of the mean difference, paired by seed, is above 0",
    _decide_ordering,
    Kind.mean,
)
"""Differences are taken so that the stated direction is positive."""

NOT_SIGNIFICANT = Rule(
    "not significant: the published difference is below the 95 % interval of the smallest one that"
    " two single runs, one of each kind, would have to show",
    _decide_not_significant,
    Kind.spread,
)
"""Values are (seed, 2): one column for each kind of run. Published runs were not paired."""

ALWAYS = fraction_above("always", 0.7)
MOSTLY = fraction_above("mostly", 0.5)
MUCH = factor_between("much", 2, math.inf)
NOT_MUCH = factor_between("not much", 0, 2)
ALIKE = factor_between("alike over layers", 0, 1.5)
"""Values are largest over smallest of layers of equal width."""
APART = factor_between("apart", 1.5, math.inf)
"""The same, where they should not be alike."""


def _number(published: Published) -> float:
    assert isinstance(published, float | int), "this rule judges one number"
    return published


def _geometric(interval: Callable[[Values], Interval], values: Values) -> Interval:
    if (values <= 0).any():
        raise UndecidableError("a norm or ratio is not positive, so there is no geometric mean")
    return geometric(interval, values)
