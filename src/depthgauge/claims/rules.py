"""The rules of judgement: words of the sources turned into numbers, once, for every claim.

Most compare an interval over seeds with a region. Entirely inside it the claim holds, entirely
outside it fails, across its edge it is open. None knows at which scale it is used.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
    welch_interval,
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
    logit_prediction = "logit_prediction"
    """The same on the scale of a percentage's log odds."""
    joint = "joint"
    """Squared distance of several readings, and the largest one that one more run would have."""
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
    name: str
    """What entries of a register call it."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """What they give it."""
    judges_number: bool = False
    """Whether a number or a curve of a source is judged, not its words."""
    at: "Callable[[float], Rule] | None" = None
    """The same rule with a multiple of its threshold (of shares: their odds; of factors: their
    logarithm); None without a threshold of ours."""


ENOUGH_NETS = 100
"""Nets from which "always" means more than nine in ten; with fewer the interval is too wide."""


def _fraction_above(word: str, least: float, few: float | None = None, odds: float = 1) -> Rule:
    """Return the rule for `word`: in more than `least` of all seeds; 1 counts as seen, 0 as not.

    With fewer than ENOUGH_NETS seeds `few` is enough. The odds of both may be multiplied.
    """
    limits = [_times_odds(each, odds) for each in (least, least if few is None else few)]

    def decide(values: Values, _: Published) -> Judgement:
        found = wilson_interval(round(float(values.sum())), len(values))
        return against(found, limits[len(values) < ENOUGH_NETS], math.inf)

    below = f" (below {ENOUGH_NETS} seeds: {few:g})" if few is not None else ""
    return Rule(
        f"{word}: the 95 % Wilson interval of the fraction of seeds is above {least:g}{below}",
        decide,
        Kind.fraction,
        word,
        at=lambda times: _fraction_above(word, least, few, odds * times),
    )


def _times_odds(share: float, times: float) -> float:
    return share * times / (1 - share + share * times)


def always() -> Rule:
    """Return the rule for "always", "throughout", "the pattern holds"."""
    return _fraction_above("always", 0.9, few=0.7)


def mostly() -> Rule:
    """Return the rule for "mostly", "usually"."""
    return _fraction_above("mostly", 0.5)


def between(word: str, low: float = 0, high: float = math.inf, of: str = "quantity") -> Rule:
    """Return the rule for `word`: the geometric mean over seeds lies in (low, high).

    One end is a threshold that may be moved, unless it is 1; two are a region that may not. `of`
    says how it moves, by a name of `MOVES`.
    """
    ends = {"low": low} if low else {}
    ends |= {"high": high} if math.isfinite(high) else {}
    moves = len(ends) == 1 and 1 not in ends.values()
    move = MOVES[of]

    def at(times: float) -> Rule:
        return between(word, of=of, **{end: move(value, times) for end, value in ends.items()})

    arguments = {"word": word, **ends, **({} if of == "quantity" else {"of": of})}
    return _factor(word, low, high, "between", arguments, at if moves else None)


MOVES: dict[str, Callable[[float, float], float]] = {
    "quantity": lambda threshold, times: threshold * times,
    "factor": lambda threshold, times: threshold**times,
    "share": _times_odds,
}
"""What a threshold is of -> a multiple of it: of a factor's logarithm, of a share's odds."""


def _factor_of(name: str, word: str, low: float, high: float) -> Rule:
    """Return the rule for a word that stands for a factor: its threshold moves on a log scale."""
    return _factor(
        word, low, high, name, {}, lambda times: _factor_of(name, word, low**times, high**times)
    )


def _factor(
    word: str,
    low: float,
    high: float,
    name: str,
    arguments: Mapping[str, Any],
    at: Callable[[float], Rule] | None,
) -> Rule:
    def decide(values: Values, _: Published) -> Judgement:
        return against(on_log_scale(t_interval, values), low, high)

    text = f"{word}: the 95 % t interval of the geometric mean over seeds lies {region(low, high)}"
    return Rule(text, decide, Kind.geometric_mean, name, arguments, at=at)


def much() -> Rule:
    """Return the rule for "much": more than a factor of 2."""
    return _factor_of("much", "much", 2, math.inf)


def alike() -> Rule:
    """Return the rule for "alike over layers", of largest over smallest of layers of one width."""
    return _factor_of("alike", "alike over layers", 0, 1.5)


def apart() -> Rule:
    """Return the rule for layers that are not alike."""
    return _factor_of("apart", "apart", 1.5, math.inf)


def roughly(target: float, factor: float = 2) -> Rule:
    """Return the rule for "roughly `target`": within a factor of 2 of it."""
    return _factor(
        "roughly",
        target / factor,
        target * factor,
        "roughly",
        {"target": target},
        lambda times: roughly(target, factor**times),
    )


def predicted(margin: float) -> Rule:
    """Return the rule for theory: the mean of measured over predicted is 1 within `margin`.

    Theory predicts the centre, so a wide spread must not help it.
    """
    return _factor(
        "predicted",
        1 - margin,
        1 + margin,
        "predicted",
        {"margin": margin},
        lambda times: predicted(margin * times),
    )


def close(margin: float, paired: bool = True) -> Rule:
    """Return the rule for "close to": the mean difference lies within +- `margin`.

    Values are differences, (seed,), or, where seeds share nothing, (seed, 2).
    """

    def decide(values: Values, _: Published) -> Judgement:
        return against(_difference(values, paired), -margin, margin)

    return Rule(
        f"close: the 95 % t interval of the mean difference, {_pairing(paired)}, lies within"
        f" +- {margin:g}",
        decide,
        Kind.mean,
        "close",
        {"margin": margin, "paired": paired},
        at=lambda times: close(margin * times, paired),
    )


def ordering(paired: bool = True) -> Rule:
    """Return the rule for "better", "larger": differences are taken so that this is positive.

    Values are differences, (seed,), or, where seeds share nothing, (seed, 2): first minus second.
    """

    def decide(values: Values, _: Published) -> Judgement:
        return against(_difference(values, paired), 0.0, math.inf)

    return Rule(
        f"ordering: the 95 % t interval of the mean difference, {_pairing(paired)}, is above 0",
        decide,
        Kind.mean,
        "ordering",
        {"paired": paired},
    )


def _difference(values: Values, paired: bool) -> Interval:
    return t_interval(values) if paired else welch_interval(values[:, 0], values[:, 1])


def _pairing(paired: bool) -> str:
    return "paired by seed" if paired else "unpaired (Welch)"


def not_significant() -> Rule:
    """Return the rule for "not a significant drop" of two single runs, one of each kind.

    Values are (seed, 2): one column for each kind of run. Published runs were not paired.
    """

    def decide(values: Values, published: Published) -> Judgement:
        found = least_significant_difference(values[:, 0], values[:, 1])
        return against(found, one_number(published), math.inf)

    return Rule(
        "not significant: the published difference is below the 95 % interval of the smallest one"
        " that two single runs, one of each kind, would have to show",
        decide,
        Kind.spread,
        "not_significant",
    )


def constant(half: float) -> Rule:
    """Return the rule for a constant of the text: every seed gives it, within `half` a unit."""

    def decide(values: Values, published: Published) -> Judgement:
        found = float(values.mean()), float(values.min()), float(values.max())
        off = int((np.abs(values - one_number(published)) > half).sum())
        verdict = Verdict.fails if off else Verdict.holds
        return judged(verdict, f"{off} of {len(values)} seeds give another number", found)

    text = f"constant: within {half:g} of the published number in every seed"
    return Rule(text, decide, Kind.range, "constant", {"half": half})


def never_above_one() -> Rule:
    """Return the rule for identities, as parts of what rounding explains, and for bounds."""

    def decide(values: Values, _: Published) -> Judgement:
        found = float(values.max()), float(values.min()), float(values.max())
        above = int((values > 1).sum())
        verdict = Verdict.fails if above else Verdict.holds
        return judged(verdict, f"{above} of {len(values)} seeds go above 1", found)

    return Rule(
        "never: the largest value of every seed is at most 1 (interval: least and largest seed);"
        " one violation fails",
        decide,
        Kind.range,
        "never_above_one",
    )


def one_number(published: Published) -> float:
    """Return a published number; a claim without one is a mistake in its entry."""
    assert isinstance(published, float | int), "this rule judges one number"
    return published


def on_log_scale(interval: Callable[[Values], Interval], values: Values) -> Interval:
    """Return `interval` of positive values on a log scale; UndecidableError where one is not."""
    if (values <= 0).any():
        raise UndecidableError("a norm or ratio is not positive, so there is no geometric mean")
    return geometric(interval, values)
