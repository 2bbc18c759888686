"""The few SVG elements that the page's charts are drawn with; every text is escaped."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, LEFT, RIGHT = 680, 58, 14
"""Units of the drawing; the page scales it. The margins hold the axis labels."""

Points = Sequence[tuple[float, float]]
Scale = Callable[[float], float]


@dataclass(frozen=True)
class Frame:
    """The area of a chart inside its margins, and its two scales."""

    top: float
    bottom: float
    x: Scale
    y: Scale


def element(name: str, content: object = "", **attributes: object) -> Markup:
    """Return <name ...>content</name>; `class_` stands for class and `_` for a hyphen."""
    pairs = ((k.rstrip("_").replace("_", "-"), _written(v)) for k, v in attributes.items())
    inner = "".join(f' {k}="{escape(v)}"' for k, v in pairs)
    return Markup(f"<{name}{inner}>{escape(content)}</{name}>")


def joined(parts: Sequence[Markup]) -> Markup:
    """Return the elements one after the other."""
    return Markup("").join(parts)


def drawing(parts: Sequence[Markup], height: float, title: str) -> Markup:
    """Return the whole SVG, with `title` for a screen reader."""
    inner = joined([element("title", title), *parts])
    return element("svg", inner, viewBox=f"0 0 {WIDTH} {height:g}", role="img")


def linear(low: float, high: float, start: float, end: float) -> Scale:
    """Return the scale that takes `low` to `start` and `high` to `end`."""
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def line(points: Points, class_: str) -> Markup:
    """Return a polyline."""
    return element("polyline", points=_points(points), class_=f"line {class_}")


def band(low: Points, high: Points, class_: str) -> Markup:
    """Return the area between two polylines."""
    return element("polygon", points=_points([*low, *reversed(high)]), class_=f"band {class_}")


def label(text: object, x: float, y: float, class_: str = "", anchor: str = "middle") -> Markup:
    """Return a text."""
    return element("text", text, x=x, y=y, text_anchor=anchor, class_=class_)


def value_axis(frame: Frame, ticks: Sequence[float], title: str) -> Markup:
    """Return horizontal grid lines with their values, and the title above them."""
    parts = [label(title, 4, frame.top - 16, "title", "start")]
    for tick in ticks:
        y, end = frame.y(tick), WIDTH - RIGHT
        kind = "zero" if tick == 0 else "grid"
        parts.append(element("line", x1=LEFT, x2=end, y1=y, y2=y, class_=kind))
        parts.append(label(f"{tick:g}".replace("-", "−"), LEFT - 8, y + 4, "", "end"))
    return joined(parts)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round values that cover [low, high]: steps of 1, 2 or 5 times a power of ten."""
    span = max(high - low, 1e-9)
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(power * m for m in (1, 2, 5, 10, 20) if span / (power * m) <= most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(step * k, 12) + 0.0 for k in range(first, last + 1)]


def _points(points: Points) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _written(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
