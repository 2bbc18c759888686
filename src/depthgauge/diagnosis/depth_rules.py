"""Rules about the signal over depth: carries, weak, vanishes, grows, explodes."""

import math

import numpy as np

from depthgauge.diagnosis import wording
from depthgauge.diagnosis.course import Course, Held, Measured, held, measure
from depthgauge.diagnosis.findings import Cause, Finding, Remedy, Verdict
from depthgauge.diagnosis.prediction import is_initial, predicted_sites
from depthgauge.diagnosis.profile import RECTIFIERS, hidden, part_totals, total_decades
from depthgauge.diagnosis.readings import Look, Site
from depthgauge.diagnosis.ruling import verdict

_UNIT = "decades over the depth"
_INITS = (Remedy.he_init, Remedy.orthogonal_init, Remedy.lsuv_init)
_REMEDIES = {
    Cause.weights: (*_INITS, Remedy.layer_norm),
    Cause.slopes: (Remedy.other_activation, Remedy.residual, Remedy.batch_norm),
    Cause.alignment: (Remedy.orthogonal_init, Remedy.he_init, Remedy.layer_norm),
    Cause.normalization: (Remedy.residual, Remedy.smaller_step),
    Cause.residual: (Remedy.layer_norm, Remedy.smaller_step),
    Cause.unknown: (Remedy.he_init, Remedy.layer_norm, Remedy.residual),
}
_GROWTH = (Remedy.layer_norm, Remedy.smaller_step, Remedy.clipping)
_TRAINING = (Remedy.smaller_step, Remedy.clipping, Remedy.warmup)
_AT_FIRST = (Remedy.he_init, Remedy.standardize)
_DEAD = (Remedy.he_init, Remedy.other_activation, Remedy.batch_norm, Remedy.smaller_step)
_LATER = (Remedy.smaller_step, Remedy.per_layer_step, Remedy.he_init)


def depth_verdict(course: Course) -> Verdict | None:
    """Return what the signal does over depth, `carries` if nothing; None where it has no total."""
    return _not_finite(course) or _silent(course) or _by_total(course)


def theory_total(course: Course) -> float | None:
    """Return the predicted total from the initial weights: mean over runs, or None."""
    totals = []
    for run in course.runs:
        sites = predicted_sites(run[0].sites) if is_initial(run[0]) else None
        total = None if sites is None else total_decades(sites)
        if total is not None and math.isfinite(total):
            totals.append(total)
    return float(np.mean(totals)) if len(totals) == len(course.runs) else None


def _not_finite(course: Course) -> Verdict | None:
    measured = measure(course, lambda look: float(_broken(look)))
    lasts = measured and held(measured, lambda v: v >= 0.5, course.limits)
    if not lasts:
        return None
    look = next(k for k in course.looks if k.step == lasts.since and _broken(k))
    way, site = _first_broken(look)
    text = f"The numbers are {'not' if lasts.since == 0 else 'no longer'} finite{way}."
    rule = "explodes: a loss, an output or a signal is infinite or not a number"
    sites = (site.name,) if site else ()
    remedies = _for_broken(lasts, site)
    return verdict(Finding.explodes, lasts, rule, text, remedies, unit=_UNIT, sites=sites)


def _for_broken(lasts: Held, site: Site | None) -> tuple[Remedy, ...]:
    """Return what to try; numbers that broke before any update do not come from the step size."""
    if lasts.since > 0:
        return _TRAINING
    return _AT_FIRST if site else ()


def _broken(look: Look) -> bool:
    numbers = [v for s in look.sites for v in (s.rms, s.signal) if v is not None]
    return not math.isfinite(look.loss) or any(math.isnan(v) or v == math.inf for v in numbers)


def _first_broken(look: Look) -> tuple[str, Site | None]:
    """Return where the numbers broke first, in words and as a site."""
    for site in look.sites:
        if site.rms is not None and not math.isfinite(site.rms):
            return f": in the forward pass first at {site.label}", site
    if not math.isfinite(look.loss):
        return (
            ": the loss itself is not, while all layers' outputs are. Look for a logarithm, a root"
            " or a division in the loss that meets 0"
        ), None
    broken = [s for s in look.sites if s.signal is not None and not s.signal < math.inf]
    first = min(broken, key=lambda s: s.depth)
    return f": in the backward pass first at {first.label}", first


def _silent(course: Course) -> Verdict | None:
    """Return `vanishes` where every hidden signal is exactly zero."""

    def quiet(look: Look) -> float | None:
        signals = [s.signal for s in hidden(look.sites)]
        return float(all(v == -math.inf for v in signals)) if signals else None

    measured = measure(course, quiet)
    lasts = measured and held(measured, lambda v: v >= 0.5, course.limits)
    if not measured or not lasts:
        return None
    sites = hidden(course.runs[0][-1].sites)
    last = min(sites, key=lambda s: s.depth)
    dead = last.dead == 1
    remedies = _DEAD if dead else _AT_FIRST if lasts.since == 0 else _LATER
    text = wording.sentence(
        "No signal reaches any hidden layer: the derivatives of the loss there are exactly zero.",
        f"They stop at {last.label}, whose units all have slope 0 ({last.activation}) at every"
        " example."
        if dead
        else "Between the loss and the last hidden layer something stops it: an output layer of"
        " zeros, a function that is constant at these values, or numbers below the smallest float.",
    )
    rule = "vanishes: the signal is exactly zero at every hidden layer"
    return verdict(
        Finding.vanishes, lasts, rule, text, remedies,
        unit=_UNIT, sites=tuple(s.name for s in sites), value=-math.inf,
        cause=Cause.slopes if dead else Cause.unknown,
    )  # fmt: skip


def _by_total(course: Course) -> Verdict | None:
    classified = _classify(course)
    if classified is None:
        return None
    finding, lasts, measured = classified
    theory = theory_total(course)
    parts = _mean_parts(course, lasts.since)
    down = measured.value < 0
    cause = _largest(parts, down) if finding is not Finding.carries else None
    remedies = _advice(course, finding, cause, lasts)
    text = wording.sentence(
        _what(finding, measured, _deepest(course).label),
        _at_first(course, theory),
        _why(cause, parts) if cause else "",
    )
    return verdict(
        finding, lasts, _rule(finding, course), text, remedies, measured,
        unit=_UNIT, sites=_affected(course, finding), theory=theory, cause=cause,
    )  # fmt: skip


def _classify(course: Course) -> tuple[Finding, Held, Measured] | None:
    """Return the finding, since when, and the total since then; None where there is no total."""
    every = measure(course, _total)
    if every is None:
        return None
    limits = course.limits
    for sign, mild, strong in (
        (-1, Finding.weak, Finding.vanishes),
        (1, Finding.grows, Finding.explodes),
    ):
        run = held(every, lambda v, sign=sign: sign * v > limits.weak, limits)
        measured = run and measure(course, _total, run.since)
        if not run or not measured:
            continue
        nearest = -measured.high if sign < 0 else measured.low
        fault = held(every, lambda v, sign=sign: sign * v > limits.vanishes, limits)
        if fault and nearest > limits.vanishes:
            return strong, fault, measured
        if run.lasting and nearest > limits.weak:
            return mild, run, measured
    run = held(every, lambda v: abs(v) < limits.weak, limits)
    healthy = measure(course, _total, run.since) if run and run.lasting else None
    return Finding.carries, run or Held(every.steps[-1], False), healthy or every


def _total(look: Look) -> float | None:
    return total_decades(look.sites)


def _mean_parts(course: Course, since: int) -> dict[Cause, float]:
    """Return the parts' totals over the latest looks, as for the interval."""
    totals = {id(look): part_totals(look.sites) for look in course.looks}
    measured = {c: measure(course, lambda k, c=c: totals[id(k)].get(c), since) for c in Cause}
    return {cause: each.value for cause, each in measured.items() if each is not None}


def _largest(parts: dict[Cause, float], down: bool) -> Cause:
    if not parts:
        return Cause.unknown
    cause = min(parts, key=lambda c: parts[c] if down else -parts[c])
    return cause if (parts[cause] < 0) == down else Cause.unknown


def _advice(
    course: Course, finding: Finding, cause: Cause | None, lasts: Held
) -> tuple[Remedy, ...]:
    if finding is Finding.carries:
        return ()
    if finding in (Finding.explodes, Finding.grows):
        return (_initialization(course), *_GROWTH) if lasts.since == 0 else _TRAINING
    return _REMEDIES[cause or Cause.unknown]


def _initialization(course: Course) -> Remedy:
    """Return He's where most activations are rectifiers, whose half it makes up for; else Glorot's.

    Under a function that keeps its slope, He's weights themselves let the signal grow.
    """
    known = [s.activation for s in hidden(course.first.sites) if s.activation]
    rectified = sum(each in RECTIFIERS for each in known)
    return Remedy.glorot_init if 2 * rectified < len(known) else Remedy.he_init


def _what(finding: Finding, measured: Measured, first: str) -> str:
    amount = wording.decades(measured)
    if finding is Finding.carries:
        way = "shrinks" if measured.value < 0 else "grows"
        small = abs(measured.value) < 0.05
        change = "hardly changes" if small else f"{way} {wording.factor(measured.value)}"
        return (
            "The learning signal carries through the whole depth: from the output to the first"
            f" layer it {change}: {amount}."
        )
    verbs = {
        Finding.vanishes: "vanishes on its way back: it shrinks",
        Finding.weak: "is weak in the first layers, by itself not a fault: it shrinks",
        Finding.explodes: "explodes on its way back: it grows",
        Finding.grows: "gets larger on its way back, by itself not a fault: it grows",
    }
    slow = "more slowly" if measured.value < 0 else "faster"
    size = wording.factor(measured.value)
    return (
        f"The learning signal {verbs[finding]} {size} from the output to the first layer,"
        f" {first}: {amount}, so that under plain gradient descent the first layers learn that"
        f" much {slow} than the last ones."
    )


def _why(cause: Cause, parts: dict[Cause, float]) -> str:
    if cause is Cause.unknown:
        return "The cause could not be split into weights, slopes and alignment here."
    shown = sorted(parts.items(), key=lambda item: -abs(item[1]))
    numbers = wording.listed([f"{c} {wording.signed(v)}" for c, v in shown if abs(v) >= 0.005])
    return f"Most of it comes from {wording.CAUSES[cause]}: in decades, {numbers}."


def _at_first(course: Course, theory: float | None) -> str:
    """Return what theory expects at initialization, beside what step 0 measured."""
    if theory is None:
        return ""
    every = measure(course, _total)
    beside = ""
    if every is not None and every.steps[0] == 0 and math.isfinite(every.medians[0]):
        beside = f" (measured at step 0: {wording.signed(every.medians[0])})"
    return f"Theory expects {wording.signed(theory)} at initialization{beside}."


def _rule(finding: Finding, course: Course) -> str:
    weak, strong = course.limits.weak, course.limits.vanishes
    return {
        Finding.vanishes: f"vanishes: the interval ends below −{strong:g} decades over the depth",
        Finding.explodes: f"explodes: the interval begins above +{strong:g} decades over the depth",
        Finding.weak: f"weak: the interval ends below −{weak:g} decade over the depth",
        Finding.grows: f"grows: the interval begins above +{weak:g} decade over the depth",
        Finding.carries: f"carries: the interval reaches into ±{weak:g} decade over the depth",
    }[finding]


def _deepest(course: Course) -> Site:
    return max(hidden(course.runs[0][-1].sites), key=lambda s: s.depth)


def _affected(course: Course, finding: Finding) -> tuple[str, ...]:
    """Return the sites a decade or more from the hidden site nearest the loss; else the deepest."""
    if finding is Finding.carries:
        return ()
    sites = hidden(course.runs[0][-1].sites)
    last = min(sites, key=lambda s: s.depth).signal or 0.0
    sign = -1 if finding in (Finding.vanishes, Finding.weak) else 1
    far = [s.name for s in sites if s.signal is not None and sign * (s.signal - last) >= 1]
    return tuple(far) or (_deepest(course).name,)
