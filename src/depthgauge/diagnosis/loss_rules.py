"""Rules about the loss: a function applied twice, and a loss that stands still."""

import math
from dataclasses import dataclass

import numpy as np

from depthgauge.diagnosis import wording
from depthgauge.diagnosis.course import Course, Measured, measure, measure_held
from depthgauge.diagnosis.findings import Finding, Remedy, Verdict
from depthgauge.diagnosis.ruling import verdict

_ELSEWHERE = (Remedy.standardize, Remedy.larger_step, Remedy.smaller_step)


def twice_verdict(course: Course) -> Verdict | None:
    """Return `applied twice` where the loss applies a function that the network has applied."""
    found = measure_held(course, lambda look: float(look.applied_twice is not None), bool)
    if found is None:
        return None
    _, lasts = found
    function = next(k.applied_twice for k in reversed(course.looks) if k.applied_twice)
    text = (
        f"The network's outputs go through a {function} before a loss function that applies a"
        f" {function} itself. The second one flattens what the first one gives, so that the loss"
        " cannot come near 0 and the network learns slowly or not at all."
    )
    rule = "applied twice: the loss function applies a function that made its input"
    return verdict(Finding.applied_twice, lasts, rule, text, (Remedy.raw_outputs,))


@dataclass(frozen=True)
class Flat:
    """A loss that stands still."""

    first: float
    last: float
    steps: tuple[int, ...]
    guessing: float | None
    """How it compares with guessing, where that is the level that it has fallen to."""


def flat_verdict(course: Course, depth: Verdict | None) -> Verdict | None:
    """Return what is said where the loss stands still and no fault is found, else None.

    `not a matter of depth` where `depth`, the verdict on the signal over depth, is that it carries,
    or carried at first. Otherwise depth may be the reason: `loss stands still`, with the remedies
    of `depth`.
    """
    flat = _flat(course)
    if flat is None:
        return None
    start = flat.steps[0]
    carried = depth is not None and (depth.finding is Finding.carries or depth.since > start)
    finding = Finding.not_depth if carried else Finding.stands_still
    elsewhere = _ELSEWHERE if flat.guessing is None else (Remedy.smaller_step,)
    remedies = elsewhere if depth is None or carried else depth.remedies
    text = _how_flat(flat), _because(depth, carried), _hints(flat, carried)
    return Verdict(
        finding=finding,
        value=_fall(flat.first, flat.last),
        unit="relative fall of the loss",
        rule=f"{finding}: {_flat_rule(flat, course)}, and no other fault is found",
        since=start,
        lasting=True,
        remedies=remedies,
        sentence=wording.sentence(*text, wording.advice(remedies)),
    )


def _flat(course: Course) -> Flat | None:
    """Return the loss's course where it has not fallen, or has fallen to guessing and stays."""
    losses = measure(course, lambda look: look.loss)
    if losses is None or not np.isfinite(losses.medians).all() or not _long_enough(losses, course):
        return None
    limits, values = course.limits, np.array(losses.medians)
    few = max(1, len(values) // 4)
    early = max(1, sum(step <= losses.steps[-1] / 10 for step in losses.steps))
    first, before, last = (
        float(np.median(part))
        for part in (values[: min(few, early, 4)], values[-2 * few : -few], values[-few:])
    )
    if _fall(first, last) < limits.flat:
        return Flat(first, last, losses.steps, None)
    guessing = measure(course, lambda look: look.guessing)
    level = None if guessing is None else float(np.median(guessing.medians[-few:]))
    if level is not None and level > 1 - limits.flat and _fall(before, last) < limits.flat:
        return Flat(first, last, losses.steps, level)
    return None


def _long_enough(losses: Measured, course: Course) -> bool:
    steps, limits = losses.steps, course.limits
    return len(steps) >= limits.flat_looks and steps[-1] - steps[0] >= limits.flat_steps


def _fall(before: float, after: float) -> float:
    """Return the fall as a share of the loss before; of a loss of 0, infinity."""
    return (before - after) / abs(before) if before else math.inf


def _flat_rule(flat: Flat, course: Course) -> str:
    least = course.limits.flat
    if flat.guessing is None:
        return f"the loss fell by less than {least:.0%}"
    return f"the loss is at least {1 - least:.0%} of that of guessing and has stopped falling"


def _how_flat(flat: Flat) -> str:
    ends = f"({flat.first:#.3g} at first, {flat.last:#.3g} now, after {flat.steps[-1]:,} steps)"
    if flat.guessing is None:
        return f"The loss stands still {ends}."
    return (
        f"The loss has fallen to the level of guessing {ends} and stays there: it is"
        f" {flat.guessing:.2f} times that of the best answer that is the same for every example."
    )


def _because(depth: Verdict | None, carried: bool) -> str:
    """Return what was found of depth and what was not found at all."""
    nothing = (
        "no layer is saturated, dead, symmetric or nearly constant, and the steps are neither too"
        " small nor too large."
    )
    if depth is None:
        return f"Whether depth is the reason cannot be judged here; {nothing}"
    change = "large" if depth.finding is Finding.grows else "weak"
    if carried:
        later = f"became {change} in the first layers only at step {depth.since:,}"
        signal = "neither vanishes nor explodes" if depth.finding is Finding.carries else later
        return f"That is not a matter of depth: the signal {signal}, {nothing}"
    return (
        f"Depth may be the reason: the signal is {change} in the first layers, though that is no"
        " fault by itself. Trying the remedies (--try, or tries=True) shows whether it is. No other"
        f" fault was found: {nothing}"
    )


def _hints(flat: Flat, carried: bool) -> str:
    """Return where else to look."""
    elsewhere = "Look elsewhere" if carried else "Or it may be"
    if flat.guessing is None:
        return (
            f"{elsewhere}: a softmax before a loss that has its own, labels that do not belong to"
            " their examples, inputs that are not standardized, a learning rate that is off."
        )
    return (
        "The network finds nothing in the inputs that tells targets apart: check that each label"
        " belongs to its example (were they shuffled apart?), that the inputs reach the network as"
        " intended, and that the learning rate is not far too high."
    )
