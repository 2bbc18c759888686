"""A verdict with its numbers, and how an interval is judged against what a rule asks."""

import math
from dataclasses import dataclass
from enum import StrEnum

from depthgauge.claims.statistics import Interval, Values

FORMAT = 3
"""Version of what a verdict holds; from 3 on it holds all that it takes to judge again."""


class Verdict(StrEnum):
    """What became of a claim."""

    holds = "holds"
    fails = "fails"
    inconclusive = "inconclusive"


class UndecidableError(Exception):
    """The records cannot decide a claim; the text is the reason, shown with the verdict."""


@dataclass(frozen=True)
class Judgement:
    """A verdict and the numbers behind it, in the claim's unit."""

    verdict: Verdict
    reason: str
    measured: float | None = None
    interval: tuple[float, float] | None = None
    z: float | None = None
    """How many standard errors the published number is off."""
    values: Values | None = None
    """What was judged: the number, or the row of numbers, of each seed."""
    sensitivity: dict[str, str] | None = None
    """Verdict at half and at double the rule's threshold; None where it has none of ours."""


def against(found: Interval, low: float, high: float) -> Judgement:
    """Judge an interval against the open region (low, high)."""
    _, bottom, top = found
    if low < bottom and top < high:
        return judged(Verdict.holds, f"the interval lies {region(low, high)}", found)
    if top < low or high < bottom:
        where = f"below {low:g}" if top < low else f"above {high:g}"
        return judged(Verdict.fails, f"the interval lies {where}", found)
    edge = low if bottom <= low <= top else high
    return judged(Verdict.inconclusive, f"the interval reaches across {edge:g}", found)


def region(low: float, high: float) -> str:
    """Say in words where (low, high) is; factors have no lower end but 0."""
    if math.isinf(high):
        return f"above {low:g}"
    return f"between {low:g} and {high:g}" if low else f"below {high:g}"


def judged(verdict: Verdict, reason: str, found: Interval, z: float | None = None) -> Judgement:
    """Return the judgement of an interval and its estimate."""
    estimate, low, high = found
    return Judgement(verdict, reason, estimate, (low, high), z)
