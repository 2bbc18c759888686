"""The axes and the layer colours that figures share."""

import altair as alt
import pandas as pd

SPEED = "speed |∂C/∂b| (cost per unit of bias)"
"""Norm of the mean bias gradient over the probe images: Nielsen, ch. 5, "speed of learning"."""

_LOG = alt.Scale(type="log", nice=False)
_DECADES = [10.0**power for power in range(-12, 6)]
_TICKS = alt.Axis(values=sorted([*_DECADES, *(3 * decade for decade in _DECADES)]))
_LAYERS = alt.Scale(domain=list(range(1, 6)))
"""The same colour for the same layer in every figure, from dark to light; the theme says which."""

OUTLINE = alt.Stroke("layer:O", scale=_LAYERS, legend=None)
"""A layer's colour for the edge of a mark that is filled with another one."""


def speed_x(field: str, span: float = 1.0) -> alt.X:
    """Return an x axis of speeds: factors matter, so it is logarithmic.

    When the largest is more than 10,000 times (`span`) the smallest, decades alone are marked.
    """
    axis = alt.Axis(values=_DECADES) if span > 1e4 else _TICKS
    scale = alt.Scale(type="log", nice=False, padding=10)  # the least bin is clear of the labels
    return alt.X(f"{field}:Q", scale=scale, title=SPEED, axis=axis)


def speed_y(field: str, ends: tuple[float, float] | None = None) -> alt.Y:
    """Return a y axis of speeds, logarithmic too, from one of `ends` to the other if given."""
    scale = _LOG if ends is None else alt.Scale(type="log", nice=False, domain=list(ends))
    return alt.Y(f"{field}:Q", scale=scale, title=SPEED, axis=_TICKS)


def step_x() -> alt.X:
    """Return the x axis of training."""
    return alt.X("step:Q", title="SGD steps done", axis=alt.Axis(tickCount=10))


def log_step_x() -> alt.X:
    """Return the x axis of a long training: logarithmic from 10 steps on, linear below."""
    scale = alt.Scale(type="symlog", constant=10, nice=False)
    ticks = alt.Axis(values=[0, *(10**power for power in range(1, 8))], format=",d")
    return alt.X("step:Q", title="SGD steps done", scale=scale, axis=ticks)


def bare(values: list[int], title: str | None, label: str = "datum.label") -> alt.Axis:
    """Return an axis of names alone: no lines; `label` is Vega's expression for a value's name."""
    return alt.Axis(
        values=values,
        title=title,
        format="d",
        labelExpr=label,
        grid=False,
        ticks=False,
        domain=False,
    )


def colour(table: pd.DataFrame, labelled: bool = False) -> alt.Color:
    """Return the colour encoding of the layers in `table`; no legend where rows are `labelled`."""
    legend = None
    if not labelled:
        legend = alt.Legend(title="hidden layer", values=sorted(set(table["layer"])))
    return alt.Color("layer:O", scale=_LAYERS, legend=legend)
