"""Sentences of a verdict: numbers in words, what they rest on, what to try."""

import math
from collections.abc import Callable, Sequence

from depthgauge.diagnosis.course import Held, Measured
from depthgauge.diagnosis.findings import Cause, Interval

CAUSES = {
    Cause.weights: "the weights' scale",
    Cause.slopes: "the slopes of the activation functions",
    Cause.alignment: "the alignment of the signal with the weights, not their scale",
    Cause.normalization: "the normalization layers",
    Cause.residual: "the residual branches",
}


def factor(decades: float) -> str:
    """Return 10^|decades| in words: 'by a factor of 560'."""
    size = abs(decades)
    if size == math.inf:
        return "to exactly zero"
    if size >= 6:
        return f"by a factor of 10^{size:.1f}"
    digits = 10**size
    return f"by a factor of {digits:.2g}" if digits < 100 else f"by a factor of {_round(digits):,}"


def decades(measured: Measured) -> str:
    """Return '-2.75 decades (95 % interval -2.77 to -2.74 over 8 batches)'."""
    return f"{signed(measured.value)} decades{interval(measured, signed)}"


def share(measured: Measured) -> str:
    """Return '62 % (95 % interval 58 % to 66 % over 8 batches)'."""
    return f"{percent(measured.value)}{interval(measured, percent)}"


def short(value: float) -> str:
    """Return a number with two significant digits, with a true minus sign."""
    return f"{value:.2g}".replace("-", "−")


def interval(measured: Measured, write: Callable[[float], str] = short) -> str:
    """Return the interval in brackets and what it is over; nothing where there is none."""
    i = measured.interval
    if i is None:
        return ""
    low, high = ends(i, write)
    if low == high:
        return f" (the same in all {i.n} {i.over})"
    return f" (95 % interval {low} to {high} over {i.n} {i.over})"


def ends(interval: Interval, write: Callable[[float], str]) -> tuple[str, str]:
    """Return both ends; only a number of decades can be below 0."""
    low = interval.low if write is signed else max(interval.low, 0.0)
    return write(low), write(interval.high)


def writer(unit: str) -> Callable[[float], str]:
    """Return how numbers of this unit are written: decades with a sign, shares as percentages."""
    return signed if unit.startswith("decades") else percent if unit.startswith("share") else short


def signed(value: float) -> str:
    """Return a number with its sign and two decimals, with a true minus sign."""
    return f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00"


def percent(value: float) -> str:
    """Return a share as a percentage."""
    return f"{100 * value:.3g} %"


def since(held: Held) -> str:
    """Return since which step it has lasted, or that it was seen once."""
    if not held.lasting:
        return f"It was seen at step {held.since} alone: look again after some more steps."
    if held.before is None or held.since - held.before == 1:
        return f"It has lasted since step {held.since}."
    return f"It began between steps {held.before} and {held.since}, and has lasted since."


def names(sites: Sequence[str], most: int = 4) -> str:
    """Return the names of a few sites, and how many more there are."""
    if len(sites) <= most:
        return listed(sites)
    return f"{', '.join(sites[: most - 1])} and {len(sites) - most + 1} more"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Return 'a, b and c'."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def advice(remedies: Sequence[str]) -> str:
    """Return what to try, as a sentence."""
    return f"Try {listed(remedies, 'or')}." if remedies else ""


def sentence(*parts: str) -> str:
    """Return the parts that are not empty, one after the other."""
    return " ".join(part for part in parts if part)


def _round(value: float) -> int:
    digits = len(str(int(value))) - 2
    return round(value / 10**digits) * 10**digits
