"""Verdicts: what looks at a training step mean. Pure functions on recorded numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from depthgauge.diagnosis.course import Course
from depthgauge.diagnosis.depth_rules import depth_verdict
from depthgauge.diagnosis.findings import FAULTS, Finding, Verdict, Verdicts
from depthgauge.diagnosis.layer_rules import layer_verdicts
from depthgauge.diagnosis.loss_rules import flat_verdict, twice_verdict
from depthgauge.diagnosis.profile import hidden
from depthgauge.diagnosis.readings import ONE_PASS, Look
from depthgauge.diagnosis.step_rules import step_verdicts
from depthgauge.diagnosis.thresholds import DEFAULT, Thresholds


def judge(
    looks: Sequence[Look],
    *,
    over_seeds: Sequence[Sequence[Look]] | None = None,
    limits: Thresholds = DEFAULT,
) -> Verdicts:
    """Return the verdicts on `looks`, faults first; never empty.

    Intervals are over looks (batches) of one training, or over initializations where `over_seeds`
    gives the looks of several: then `looks` are not read. A verdict holds at the last look; it is
    `lasting` if it has held at two or more steps in a row up to that one.
    """
    runs = [tuple(run) for run in (over_seeds or [looks])]
    profiles = list(dict.fromkeys(k.profile for run in runs for k in run if k.problem is None))
    if not profiles:
        return Verdicts([_cannot(_no_looks(runs))])
    courses = [_course(runs, profile, limits) for profile in profiles]
    alone = len(courses) == 1
    found = [
        v if alone else replace(v, sentence=f"{course.profile or ONE_PASS}: {v.sentence}")
        for course in courses
        for v in _judge(course, alone)
    ]
    return Verdicts(sorted(found, key=_rank))


def faults(verdicts: Sequence[Verdict], *, lasting: bool = True) -> tuple[Verdict, ...]:
    """Return the verdicts that name a fault, by default only those that last."""
    return tuple(v for v in verdicts if v.finding in FAULTS and (v.lasting or not lasting))


def _course(runs: Sequence[Sequence[Look]], profile: str, limits: Thresholds) -> Course:
    usable = [tuple(k for k in run if k.profile == profile and k.problem is None) for run in runs]
    chosen = tuple(tuple(sorted(run, key=lambda k: k.step)) for run in usable if run)
    over = "initializations" if len(runs) > 1 else "batches"
    return Course(chosen, over, limits, profile)


def _judge(course: Course, alone: bool) -> Iterator[Verdict]:
    depth = depth_verdict(course)
    twice = twice_verdict(course)
    others = [*([twice] if twice else []), *layer_verdicts(course), *step_verdicts(course)]
    if depth is not None and depth.finding is Finding.explodes and depth.value is None:
        others = [v for v in others if v.finding is Finding.step_too_large]  # the rest follows
    wrong = [v for v in (depth, *others) if v is not None and v.finding in FAULTS]
    flat = flat_verdict(course, depth) if alone and not wrong else None
    if depth is None:
        yield _cannot(_no_slope(course), course.first.step)
    elif depth.finding is not Finding.carries or not (wrong or flat):
        yield depth
    yield from others
    if flat is not None:
        yield flat


def _rank(verdict: Verdict) -> tuple[bool, bool]:
    return verdict.finding not in FAULTS, not verdict.lasting


def _no_looks(runs: Sequence[Sequence[Look]]) -> str:
    problems = dict.fromkeys(k.problem for run in runs for k in run if k.problem)
    none = "no look at a training step has been taken yet: one ends with a step of the optimizer"
    return "; ".join(problems) or none


def _no_slope(course: Course) -> str:
    count = max(len(hidden(look.sites)) for look in course.looks)
    if count < 2:
        return (
            f"the network has {count} hidden layer{'' if count == 1 else 's'} with a learning"
            " signal, and a change over depth needs two"
        )
    return "its hidden layers are of different kinds, or side by side: none lies below another"


def _cannot(reason: str, since: int = 0) -> Verdict:
    return Verdict(
        finding=Finding.cannot_judge,
        unit="decades over the depth",
        rule="cannot be judged: two hidden layers of one kind, one below the other, are needed",
        since=since,
        lasting=False,
        sentence=f"The signal over depth cannot be judged, because {reason}.",
    )
