"""One quantity over a training's looks: its value, its interval, and since when a rule holds."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from depthgauge.diagnosis.findings import Interval
from depthgauge.diagnosis.readings import Look, Site
from depthgauge.diagnosis.thresholds import Thresholds

Quantity = Callable[[Look], float | None]
"""What is read off a look: None (or NaN) where it cannot be measured."""


@dataclass(frozen=True)
class Course:
    """The usable looks of one backward pass: one training, or one per seed."""

    runs: tuple[tuple[Look, ...], ...]
    over: str
    limits: Thresholds
    profile: str = ""

    @property
    def looks(self) -> tuple[Look, ...]:
        """All looks, run by run."""
        return tuple(look for run in self.runs for look in run)

    def labels(self, names: Sequence[str]) -> list[str]:
        """Return how the sites of these names are shown."""
        known = {site.name: site.label for look in self.looks for site in look.sites}
        return [known[name] for name in names]

    @property
    def first(self) -> Look:
        """The first look at the first run."""
        return self.runs[0][0]


@dataclass(frozen=True)
class Measured:
    """A quantity in the latest looks, and its median at every step where it was measured."""

    value: float
    interval: Interval | None
    steps: tuple[int, ...]
    medians: tuple[float, ...]

    @property
    def low(self) -> float:
        """The interval's lower end, or the value where there is no interval."""
        return self.interval.low if self.interval else self.value

    @property
    def high(self) -> float:
        """The interval's upper end, or the value where there is no interval."""
        return self.interval.high if self.interval else self.value


@dataclass(frozen=True)
class Held:
    """Since which step a condition has held at every look, up to the last one."""

    since: int
    lasting: bool
    before: int | None = None
    """The step before, at which it did not hold; None where it has held at all of them."""


def measure(course: Course, quantity: Quantity, since: int = 0) -> Measured | None:
    """Return `quantity` over the course's looks, or None where no look has it.

    Value and interval are of the last `window` looks, or of all at the last step if those are
    more; over seeds, of each run's last step. No look before step `since` is among them.
    """
    by_step: dict[int, list[float]] = defaultdict(list)
    latest = []
    for run in course.runs:
        values = [(look.step, v) for look in run if (v := _number(quantity(look))) is not None]
        for step, value in values:
            by_step[step].append(value)
        if values:
            latest.append([v for step, v in values if step == values[-1][0]])
            if len(course.runs) == 1 and len(latest[0]) < course.limits.window:
                recent = [v for step, v in values if step >= since]
                latest[0] = recent[-course.limits.window :] or latest[0]
    if not by_step:
        return None
    several = len(course.runs) > 1
    sample = [float(np.mean(v)) for v in latest] if several else latest[0]
    value, interval = _summary(sample, course, course.limits.seeds if several else None)
    steps = sorted(by_step)
    medians = tuple(_median(by_step[step]) for step in steps)
    return Measured(value, interval, tuple(steps), medians)


def held(measured: Measured, condition: Callable[[float], bool], limits: Thresholds) -> Held | None:
    """Return since when `condition` has held at every step, or None if not at the last one."""
    count = 0
    for value in reversed(measured.medians):
        if not condition(value):
            break
        count += 1
    if count == 0:
        return None
    before = measured.steps[-count - 1] if count < len(measured.steps) else None
    return Held(measured.steps[-count], count >= limits.lasting_steps, before)


def measure_held(
    course: Course, quantity: Quantity, condition: Callable[[float], bool]
) -> tuple[Measured, Held] | None:
    """Return `quantity` since `condition` has held, and since when; None where it does not."""
    if len(course.runs) == 1:
        latest = _number(quantity(course.runs[0][-1]))
        if latest is not None and not condition(latest):
            return None  # as for most layers and rules: the looks before need not be read
    measured = measure(course, quantity)
    lasts = measured and held(measured, condition, course.limits)
    since = lasts and measure(course, quantity, lasts.since)
    return (since, lasts) if since and lasts else None


def site_quantity(name: str, read: Callable[[Site], float | None]) -> Quantity:
    """Return the quantity that `read` takes from the site called `name`."""

    def quantity(look: Look) -> float | None:
        return next((read(site) for site in look.sites if site.name == name), None)

    return quantity


def _median(values: Sequence[float]) -> float:
    return values[0] if len(values) == 1 else float(np.median(values))


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _summary(
    sample: Sequence[float], course: Course, least: int | None
) -> tuple[float, Interval | None]:
    """Return the mean and its t interval; of values that are not finite the median alone."""
    values = np.array(sample)
    if not np.isfinite(values).all():
        return float(np.sort(values)[(len(values) - 1) // 2]), None
    n, mean = len(values), float(values.mean())
    if n < (least or course.limits.window):
        return mean, None
    return mean, t_interval(values, course.over, course.limits.confidence)


def t_interval(values: np.ndarray, over: str, confidence: float = 0.95) -> Interval:
    """Return the t interval of the mean of `values`; of a single one, all numbers."""
    n, mean = len(values), float(values.mean())
    t = float(stdtrit(n - 1, (1 + confidence) / 2))
    half = t * float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else math.inf
    return Interval(mean - half, mean + half, over, n)
