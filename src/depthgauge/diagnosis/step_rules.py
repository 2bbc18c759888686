"""Rules about the optimizer's steps: too small or too large."""

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
    where = f"of {wording.names(course.labels(sites))}" if sites else "of the median layer"
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
    if measured.value == 0:
        text += (
            " Check that the optimizer was given these weights and a rate above 0; in 16 bits, a"
            " small step may also round to nothing."
        )
    rule = f"{finding}: |change of weights| / |weights| {'below' if small else 'above'} {limit:g}"
    if sites:
        rule += f", where layers differ by a factor of more than {limits.uneven_step:g}"
    unit = "change of weights / weights"
    return verdict(finding, lasts, rule, text, remedies, measured, unit=unit, sites=sites)
