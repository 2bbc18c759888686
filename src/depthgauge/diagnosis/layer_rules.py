"""Rules about single layers: saturated, dead, alike, symmetric, losing the past."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from depthgauge.diagnosis import wording
from depthgauge.diagnosis.activity import ENOUGH
from depthgauge.diagnosis.course import Course, Held, Measured, measure, measure_held, site_quantity
from depthgauge.diagnosis.findings import Finding, Remedy, Verdict
from depthgauge.diagnosis.readings import Kind, Look, Site
from depthgauge.diagnosis.ruling import verdict
from depthgauge.diagnosis.thresholds import Thresholds

BOUNDED = frozenset({"sigmoid", "tanh", "softsign", "hardtanh", "hardsigmoid"})
"""Activations that saturate; half of a rectifier's entries have no slope by design."""


@dataclass(frozen=True)
class Rule:
    """One condition on one number of a site."""

    finding: Finding
    read: Callable[[Site, Thresholds], float | None]
    condition: Callable[[float, Thresholds], bool]
    worst: Callable[[list[float]], float]
    unit: str
    rule: Callable[[Thresholds], str]
    says: Callable[[str, Measured], str]
    remedies: tuple[Remedy, ...]


def _saturated(site: Site, limits: Thresholds) -> float | None:
    return site.saturated if site.activation in BOUNDED else None


def _dead(site: Site, limits: Thresholds) -> float | None:
    return site.dead if site.dead_examples >= limits.dead_examples else None


RULES = (
    Rule(
        Finding.saturated,
        _saturated,
        lambda v, limits: v > limits.saturated,
        max,
        "share of activations",
        lambda limits: (
            f"saturated: more than {limits.saturated:.0%} have f' below a tenth of"
            " its largest value"
        ),
        lambda sites, m: (
            f"{sites} saturated: {wording.share(m)} of the activations"
            " lie where the function is nearly flat, so hardly any signal passes back."
        ),
        (Remedy.glorot_init, Remedy.other_activation, Remedy.layer_norm, Remedy.standardize),
    ),
    Rule(
        Finding.dead,
        _dead,
        lambda v, limits: v > limits.dead,
        max,
        "share of units",
        lambda limits: (
            f"dead: more than {limits.dead:.0%} of a layer's units pass no signal for"
            f" any of at least {limits.dead_examples:,} examples"
        ),
        lambda sites, m: (
            f"{sites} mostly dead: {wording.share(m)} of the units"
            f" had slope 0 at each of the latest {ENOUGH:,} or more examples, and so cannot learn."
        ),
        (Remedy.he_init, Remedy.other_activation, Remedy.batch_norm, Remedy.smaller_step),
    ),
    Rule(
        Finding.partly_dead,
        _dead,
        lambda v, limits: limits.partly_dead <= v <= limits.dead,
        max,
        "share of units",
        lambda limits: (
            f"partly dead: {limits.partly_dead:.0%} to {limits.dead:.0%} of a layer's"
            f" units pass no signal for any of at least {limits.dead_examples:,} examples"
        ),
        lambda sites, m: (
            f"{sites} partly dead: {wording.share(m)} of the units"
            f" had slope 0 at each of the latest {ENOUGH:,} or more examples. This is common and"
            " often harmless."
        ),
        (Remedy.smaller_step, Remedy.other_activation),
    ),
    Rule(
        Finding.symmetric,
        lambda site, limits: site.symmetry if site.units > 1 else None,
        lambda v, limits: v > limits.symmetric,
        max,
        "mean |cos| between units' weights",
        lambda limits: f"symmetric: mean |cos| between units' weights above {limits.symmetric:g}",
        lambda sites, m: (
            f"{sites} symmetric: the units of a layer have the same weights up to"
            f" scale (mean |cos| {wording.short(m.value)}{wording.interval(m)}), so they compute"
            " the same and get the same updates."
        ),
        (Remedy.he_init, Remedy.orthogonal_init),
    ),
)


def layer_verdicts(course: Course) -> Iterator[Verdict]:
    """Yield a verdict for each rule that some hidden layer meets."""
    for rule in RULES:
        names = dict.fromkeys(
            s.name for look in course.looks for s in look.sites if not s.output and not s.frozen
        )
        yield from _judge(course, rule, list(names))
    yield from _alike(course)
    yield from _forgets(course)


def _judge(course: Course, rule: Rule, names: list[str]) -> Iterator[Verdict]:
    limits, found = course.limits, []
    for name in names:
        quantity = site_quantity(name, lambda s: rule.read(s, limits))
        beyond = measure_held(course, quantity, lambda v: rule.condition(v, limits))
        if beyond:
            found.append((name, *beyond))
    lasting = [each for each in found if each[2].lasting]
    found = lasting or found
    if found:
        worst = rule.worst([m.value for _, m, _ in found])
        measured = next(m for _, m, _ in found if m.value == worst)
        lasts = min((h for _, _, h in found), key=lambda h: h.since)
        yield _verdict(rule, course, tuple(n for n, _, _ in found), measured, lasts)


def _verdict(
    rule: Rule, course: Course, sites: tuple[str, ...], measured: Measured, lasts: Held
) -> Verdict:
    one = len(sites) == 1
    names = wording.names(course.labels(sites))
    where = f"{'Layer' if one else 'Layers'} {names} {'is' if one else 'are'}"
    worst = "The number is that of the worst layer." if len(sites) > 1 else ""
    text = wording.sentence(rule.says(where, measured), worst)
    return verdict(
        rule.finding, lasts, rule.rule(course.limits), text, rule.remedies, measured,
        unit=rule.unit, sites=sites,
    )  # fmt: skip


def _alike(course: Course) -> Iterator[Verdict]:
    """Yield `alike` where the inputs differ and a layer's outputs do not."""
    inputs = measure(course, lambda look: look.input_sameness)
    if inputs is None or not inputs.value > course.limits.input_alike:
        return
    rule = Rule(
        Finding.alike,
        lambda site, limits: site.sameness,
        lambda v, limits: v < limits.alike,
        min,
        "sameness (0: all examples look alike)",
        lambda limits: (
            f"alike: sameness below {limits.alike:g} while the inputs' is above"
            f" {limits.input_alike:g}"
        ),
        lambda sites, m: (
            f"{sites} nearly constant: between examples the outputs differ by only"
            f" {wording.short(m.value)}{wording.interval(m)} of their squared size, the inputs by"
            f" {wording.short(inputs.value)}, so later layers cannot tell examples apart."
        ),
        (Remedy.he_init, Remedy.layer_norm, Remedy.batch_norm, Remedy.residual),
    )
    names = dict.fromkeys(s.name for look in course.looks for s in look.sites if not s.output)
    yield from _judge(course, rule, list(names))


def _forgets(course: Course) -> Iterator[Verdict]:
    """Yield `forgets` where a recurrent layer's signal vanishes over the time steps."""
    rule = Rule(
        Finding.forgets,
        lambda site, limits: _lost(site),
        lambda v, limits: v < -limits.forgets,
        min,
        "decades over the sequence",
        lambda limits: (
            f"forgets: the signal at the first time step is more than {limits.forgets:g}"
            " decades below its peak"
        ),
        lambda sites, m: (
            f"The learning signal vanishes through time. {sites} left with"
            f" {wording.decades(m)} at the first time step. It cannot learn from inputs more than"
            f" about {_reach(course)} steps before those that the loss depends on."
        ),
        (Remedy.orthogonal_init, Remedy.forget_bias),
    )
    recurrent = (s.name for k in course.looks for s in k.sites if s.kind is Kind.recurrent)
    yield from _judge(course, rule, list(dict.fromkeys(recurrent)))


def _lost(site: Site) -> float | None:
    times = site.time_signal
    if not times or len(times) < 2 or not math.isfinite(max(times)):
        return None
    return times[0] - max(times)


def _reach(course: Course) -> int:
    """Return over how many time steps the signal stays above the threshold, least over layers."""

    def reach(look: Look) -> list[int]:
        series = [s.time_signal for s in look.sites if s.time_signal]
        return [sum(v >= max(times) - course.limits.forgets for v in times) for times in series]

    return min(n for run in course.runs for n in reach(run[-1]))
