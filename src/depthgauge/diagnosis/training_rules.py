"""Rules about the training: steps too small or too large, and a loss that stands still."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from depthgauge.diagnosis import wording
from depthgauge.diagnosis.course import Course, Held, Measured, measure, measure_held, site_quantity
from depthgauge.diagnosis.findings import Finding, Remedy, Verdict
from depthgauge.diagnosis.readings import Look
from depthgauge.diagnosis.ruling import verdict

Condition = Callable[[float], bool]

_SMALL = (Remedy.per_layer_step, Remedy.larger_step, Remedy.layer_norm)
_LARGE = (Remedy.smaller_step, Remedy.warmup, Remedy.clipping)


def step_verdicts(course: Course) -> Iterator[Verdict]:
    """Yield step too small / too large: in the median layer, or in single ones if very uneven."""
    limits = course.limits
    small = (Finding.step_too_small, lambda v: v < limits.step_too_small)
    large = (Finding.step_too_large, lambda v: v > limits.step_too_large)
    for finding, condition in (small, large):
        found = _median(course, condition) or _single(course, condition)
        if found:
            yield _step_verdict(course, finding, *found)


def _ratios(look: Look) -> list[float]:
    values = [s.update_ratio for s in look.sites if s.update_ratio is not None and not s.frozen]
    return [v for v in values if not math.isnan(v)]


def _median(course: Course, condition: Condition) -> tuple[tuple[str, ...], Measured, Held] | None:
    beyond = measure_held(course, _median_ratio, condition)
    return ((), *beyond) if beyond else None


def _median_ratio(look: Look) -> float | None:
    return float(np.median(_ratios(look))) if _ratios(look) else None


def _single(course: Course, condition: Condition) -> tuple[tuple[str, ...], Measured, Held] | None:
    """Return the layers that meet the condition where the ratios are very uneven."""
    uneven = measure(course, _unevenness)
    if uneven is None or not uneven.value > course.limits.uneven_step:
        return None
    found = []
    for name in dict.fromkeys(s.name for look in course.looks for s in look.sites):
        beyond = measure_held(course, site_quantity(name, lambda s: s.update_ratio), condition)
        if beyond:
            found.append((name, *beyond))
    if not found:
        return None
    _, measured, lasts = max(found, key=lambda each: each[2].lasting)
    return tuple(name for name, _, _ in found), measured, lasts


def _unevenness(look: Look) -> float | None:
    ratios = _ratios(look)
    if len(ratios) < 2:
        return None
    return max(ratios) / min(ratios) if min(ratios) > 0 else math.inf


def _step_verdict(
    course: Course, finding: Finding, sites: tuple[str, ...], measured: Measured, lasts: Held
) -> Verdict:
    limits, small = course.limits, finding is Finding.step_too_small
    where = f"of {wording.names(sites)}" if sites else "of the median layer"
    limit = limits.step_too_small if small else limits.step_too_large
    meaning = (
        "so small that training changes nothing"
        if small
        else "so large that each step overwrites what was learned"
    )
    remedies = _SMALL if small else _LARGE
    text = (
        f"The optimizer's step is too {'small' if small else 'large'}: it changes the weights"
        f" {where} by {wording.short(measured.value)} of their size"
        f"{wording.interval(measured)}, {meaning}. Healthy steps are about 0.001."
    )
    rule = f"{finding}: |change of weights| / |weights| {'below' if small else 'above'} {limit:g}"
    if sites:
        rule += f", where layers differ by a factor of more than {limits.uneven_step:g}"
    unit = "change of weights / weights"
    return verdict(finding, lasts, rule, text, remedies, measured, unit=unit, sites=sites)


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


def flat_verdict(course: Course) -> Verdict | None:
    """Return `not a matter of depth` where the loss stands still; for when nothing is found.

    It has not fallen at all, or it has fallen to the level of guessing and stays there.
    """
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
        return _not_depth(course, losses, (first, last), None)
    guessing = measure(course, lambda look: look.guessing)
    level = None if guessing is None else float(np.median(guessing.medians[-few:]))
    if level is not None and level > 1 - limits.flat and _fall(before, last) < limits.flat:
        return _not_depth(course, losses, (first, last), level)
    return None


def _long_enough(losses: Measured, course: Course) -> bool:
    steps, limits = losses.steps, course.limits
    return len(steps) >= limits.flat_looks and steps[-1] - steps[0] >= limits.flat_steps


def _fall(before: float, after: float) -> float:
    """Return the fall as a share of the loss before; of a loss of 0, infinity."""
    return (before - after) / abs(before) if before else math.inf


def _not_depth(
    course: Course, losses: Measured, ends: tuple[float, float], guessing: float | None
) -> Verdict:
    first, last = ends
    limits = course.limits
    course_of_loss = f"({wording.short(first)} at first, {wording.short(last)} now, after"
    course_of_loss += f" {losses.steps[-1]} steps)"
    healthy = (
        "the signal neither vanishes nor explodes, no layer is saturated, dead or symmetric, and"
        " the steps are neither too small nor too large."
    )
    if guessing is None:
        text = (
            f"The loss stands still {course_of_loss}, and it is not a matter of depth: {healthy}"
            " Look elsewhere: a softmax before a loss that has its own, labels that do not belong"
            " to their examples, inputs that are not standardized, a learning rate that is off."
        )
        rule = f"the loss fell by less than {limits.flat:.0%} and no other rule applies"
        remedies = (Remedy.standardize, Remedy.larger_step, Remedy.smaller_step)
    else:
        text = (
            f"The loss has fallen to the level of guessing {course_of_loss} and stays there: it is"
            f" {wording.short(guessing)} times that of the best answer that is the same for every"
            f" example. It is not a matter of depth: {healthy} So the network finds nothing in the"
            " inputs that tells targets apart. Check that each label belongs to its example (were"
            " they shuffled apart?) and that the inputs reach the network as intended."
        )
        rule = (
            f"the loss is at least {1 - limits.flat:.0%} of that of guessing, has stopped falling,"
            " and no other rule applies"
        )
        remedies = ()
    return Verdict(
        finding=Finding.not_depth,
        value=_fall(first, last),
        unit="relative fall of the loss",
        rule=f"not a matter of depth: {rule}",
        since=losses.steps[0],
        lasting=True,
        remedies=remedies,
        sentence=text,
    )
