"""The page's charts: signal over depth with theory beside it, its parts, and looks over steps."""

import math
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean, median

from markupsafe import Markup

from depthgauge.diagnosis import svg
from depthgauge.diagnosis.findings import Cause
from depthgauge.diagnosis.prediction import is_initial, predict_signals
from depthgauge.diagnosis.profile import groups, hidden, total_decades
from depthgauge.diagnosis.readings import Kind, Look, Site
from depthgauge.diagnosis.thresholds import DEFAULT

PARTS = tuple(c for c in Cause if c is not Cause.unknown)
_TOP, _HEIGHT = 34, 230


def relative_signals(look: Look) -> dict[str, float]:
    """Return finite signals in decades against the hidden site nearest the loss, by name."""
    sites = [s for s in hidden(look.sites) if s.signal is not None and math.isfinite(s.signal)]
    if not sites:
        return {}
    nearest = min(s.depth for s in sites)
    zero = fmean(s.signal or 0.0 for s in sites if s.depth == nearest)
    return {s.name: (s.signal or 0.0) - zero for s in sites}


def latest(looks: Sequence[Look]) -> list[Look]:
    """Return the looks that values are the mean of: the last few, or all at the last step."""
    usable = sorted((k for k in looks if k.problem is None and k.sites), key=lambda k: k.step)
    at_last = [k for k in usable if k.step == usable[-1].step] if usable else []
    return at_last if len(at_last) >= DEFAULT.window else usable[-DEFAULT.window :]


def drawn_groups(sites: Sequence[Site]) -> list[list[Site]]:
    """Return the groups with a line of their own: blocks first, then the largest."""
    found = groups(sites) or [list(sites)] * bool(sites)
    return sorted(found, key=lambda g: (g[0].kind is not Kind.block, -len(g)))


def line_names(looks: Sequence[Look]) -> list[str]:
    """Return the name of each line of the profile chart: the role, or what the sites are."""
    recent = latest(looks)
    drawn = drawn_groups(hidden(recent[-1].sites)) if recent else []
    return [_line_name(group) for group in drawn]


def _line_name(group: Sequence[Site]) -> str:
    role = group[0].role
    named = all(s.role == role for s in group) and any(c.isalnum() for c in role)
    return role if named else f"{group[0].kind} layers"


def shown_parts(looks: Sequence[Look]) -> list[Cause]:
    """Return the parts that any site of the looks has."""
    parts = [s.parts for look in looks for s in look.sites if s.parts]
    return [c for c in PARTS if any(getattr(p, c.name) is not None for p in parts)]


def profile_chart(looks: Sequence[Look]) -> Markup | None:
    """Return the signal over depth: first look, band over the latest ones, theory; or None."""
    recent = latest([look for look in looks if relative_signals(look)])
    if not recent:
        return None
    sites = hidden(recent[-1].sites)
    by_name = _gathered([relative_signals(look) for look in recent])
    first, theory = relative_signals(looks[0]), _theory(looks[0])
    values = [v for each in by_name.values() for v in each]
    values += [*first.values(), *theory.values(), 0.0]
    scale = svg.ticks(min(values), max(values))
    frame = _frame(sites, scale, _TOP, _TOP + _HEIGHT)
    parts = [svg.value_axis(frame, scale, "signal, decades against the last hidden layer")]
    for number, group in enumerate(drawn_groups(sites)):
        parts.append(_measured(group, by_name, frame, f"c{number % 6}"))
        for signals, style in ((first, "first"), (theory, "theory")):
            points = _along(group, signals, frame)
            parts += [svg.line(points, style)] if len(points) > 1 else []
    parts.append(_depth_axis(sites, frame))
    title = "Signal over depth, from the input on the left to the loss on the right"
    return svg.drawing(parts, frame.bottom + 46, title)


def parts_chart(looks: Sequence[Look]) -> Markup | None:
    """Return each edge's parts as stacked bars, losses downward; None where nothing is split."""
    recent = latest(looks)
    sites = [s for s in hidden(recent[-1].sites) if s.depth >= 2] if recent else []
    stacks = {s.depth: _mean_parts(recent, s.name) for s in sites}
    stacks = {depth: parts for depth, parts in stacks.items() if parts}
    if not stacks:
        return None
    sums = [sum(v for v in each.values() if v > 0) for each in stacks.values()]
    falls = [sum(v for v in each.values() if v < 0) for each in stacks.values()]
    scale = svg.ticks(min([*falls, 0.0]), max([*sums, 0.0]), 4)
    shown = hidden(recent[-1].sites)
    frame = _frame(shown, scale, _TOP, _TOP + 130)
    width = max(2.0, 0.6 * (frame.x(1) - frame.x(2)))
    bars = [_stack(parts, frame.x(depth), width, frame) for depth, parts in stacks.items()]
    axis = svg.value_axis(frame, scale, "change toward the input, decades per layer")
    body = [axis, *bars, _depth_axis(shown, frame)]
    return svg.drawing(body, frame.bottom + 46, "What the change at each layer is made of")


def steps_chart(looks: Sequence[Look]) -> Markup | None:
    """Return the total over steps beside the thresholds; None with fewer than two steps."""
    totals = _by_step(looks, [total_decades(k.sites) for k in looks])
    bounds = (-DEFAULT.vanishes, -DEFAULT.weak, DEFAULT.weak, DEFAULT.vanishes)
    return _over_steps(totals, "total signal change over the depth, decades", bounds)


def loss_chart(looks: Sequence[Look]) -> Markup | None:
    """Return the loss over steps; None with fewer than two steps."""
    return _over_steps(_by_step(looks, [k.loss for k in looks]), "loss at the looks", ())


def _over_steps(
    values: dict[int, list[float]], title: str, bounds: Sequence[float]
) -> Markup | None:
    if len(values) < 2:
        return None
    every = [v for each in values.values() for v in each]
    scale = svg.ticks(min([*every, *bounds]), max([*every, *bounds]), 5)
    steps = sorted(values)
    x = svg.linear(math.log1p(steps[0]), math.log1p(steps[-1]), svg.LEFT + 8, svg.WIDTH - 30)
    y = svg.linear(scale[0], scale[-1], _TOP + 130, _TOP)
    frame = svg.Frame(_TOP, _TOP + 130, lambda step: x(math.log1p(step)), y)
    parts = [svg.value_axis(frame, scale, title)]
    for bound in bounds:
        points = [(svg.LEFT, y(bound)), (svg.WIDTH - svg.RIGHT, y(bound))]
        parts.append(svg.line(points, "bound"))
    low, high, middle = ([(frame.x(s), y(f(values[s]))) for s in steps] for f in (min, max, median))
    parts += [svg.band(low, high, "c0"), svg.line(middle, "c0"), *_dots(middle, "c0")]
    parts += [_step_axis(steps, frame)]
    return svg.drawing(parts, frame.bottom + 46, f"{title} over optimizer steps")


def _step_axis(steps: Sequence[int], frame: svg.Frame) -> Markup:
    parts, end = [svg.label("optimizer steps", svg.WIDTH / 2, frame.bottom + 38)], math.inf
    for step in reversed(steps):  # the last one always has its number
        if frame.x(step) < end - 40:
            end = frame.x(step)
            parts.append(svg.label(f"{step:,}", end, frame.bottom + 18))
    return svg.joined(parts)


def _by_step(looks: Sequence[Look], values: Sequence[float | None]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = defaultdict(list)
    for look, value in zip(looks, values, strict=True):
        if value is not None and math.isfinite(value):
            found[look.step].append(value)
    return dict(found)


def _measured(
    group: Sequence[Site], by_name: dict[str, list[float]], frame: svg.Frame, colour: str
) -> Markup:
    low, high, middle = (
        _along(group, {n: f(v) for n, v in by_name.items()}, frame) for f in (min, max, fmean)
    )
    lines = [svg.band(low, high, colour), svg.line(middle, colour)] if len(middle) > 1 else []
    return svg.joined([*lines, *_dots(middle, colour)])


def _dots(points: svg.Points, colour: str) -> list[Markup]:
    return [svg.element("circle", cx=x, cy=y, r=3, class_=f"dot {colour}") for x, y in points]


def _along(group: Sequence[Site], values: dict[str, float], frame: svg.Frame) -> svg.Points:
    """Return points input side first; sites side by side are averaged."""
    depths: dict[int, list[float]] = defaultdict(list)
    for site in group:
        if site.name in values:
            depths[site.depth].append(values[site.name])
    return [(frame.x(d), frame.y(fmean(depths[d]))) for d in sorted(depths, reverse=True)]


def _gathered(each: Sequence[dict[str, float]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for signals in each:
        for name, value in signals.items():
            found[name].append(value)
    return dict(found)


def _theory(look: Look) -> dict[str, float]:
    signals = (predict_signals(look.sites) if is_initial(look) else None) or {}
    finite = {s.name: signals[s.name] for s in hidden(look.sites) if s.name in signals}
    if not finite or not all(math.isfinite(v) for v in finite.values()):
        return {}
    nearest = min((s for s in hidden(look.sites)), key=lambda s: s.depth)
    return {name: value - finite[nearest.name] for name, value in finite.items()}


def _mean_parts(recent: Sequence[Look], name: str) -> dict[Cause, float]:
    found: dict[Cause, list[float]] = defaultdict(list)
    for site in (s for look in recent for s in look.sites if s.name == name and s.parts):
        for cause in PARTS:
            value = getattr(site.parts, cause.name)
            if value is not None and math.isfinite(value):
                found[cause].append(value)
    return {cause: fmean(values) for cause, values in found.items()}


def _stack(parts: dict[Cause, float], x: float, width: float, frame: svg.Frame) -> Markup:
    up = down = 0.0
    bars = []
    for cause, value in parts.items():
        base = up if value > 0 else down
        y0, y1 = frame.y(base), frame.y(base + value)
        up, down = (up + value, down) if value > 0 else (up, down + value)
        top, height, colour = min(y0, y1), abs(y1 - y0), f"c{PARTS.index(cause)}"
        shape = {"x": x - width / 2, "y": top, "width": width, "height": height}
        tip = svg.element("title", f"{cause}: {value:+.3f}")
        bars.append(svg.element("rect", tip, class_=f"bar {colour}", **shape))
    return svg.joined(bars)


def _frame(sites: Sequence[Site], scale: Sequence[float], top: float, bottom: float) -> svg.Frame:
    deepest = max(s.depth for s in sites)
    nearest = min(s.depth for s in sites)
    pad = 0.5 * (svg.WIDTH - svg.LEFT - svg.RIGHT) / (deepest - nearest + 1)
    x = svg.linear(deepest, nearest, svg.LEFT + pad, svg.WIDTH - svg.RIGHT - pad)
    return svg.Frame(top, bottom, x, svg.linear(scale[0], scale[-1], bottom, top))


def _depth_axis(sites: Sequence[Site], frame: svg.Frame) -> Markup:
    depths = sorted({s.depth for s in sites}, reverse=True)
    every = math.ceil(len(depths) / 20)
    y = frame.bottom + 18
    parts = [svg.label(d, frame.x(d), y) for d in depths if (d - depths[-1]) % every == 0]
    right = svg.WIDTH - svg.RIGHT
    parts.append(svg.label("← input", svg.LEFT, y + 20, anchor="start"))
    parts.append(svg.label("layers to the loss", (svg.LEFT + right) / 2, y + 20))
    parts.append(svg.label("loss →", right, y + 20, anchor="end"))
    return svg.joined(parts)
