"""The axes and the layer colours that figures share."""

import altair as alt

from depthgauge.report.curves import y_axis

SPEED = "speed |∂C/∂b| (cost per unit of bias)"
"""Norm of the mean bias gradient over the probe images: Nielsen, ch. 5, "speed of learning"."""

LOG = alt.Scale(type="log", nice=False)
DECADES = [10.0**power for power in range(-12, 7)]
_TICKS = sorted([*DECADES, *(3 * decade for decade in DECADES)])
LAYERS = alt.Scale(domain=list(range(1, 6)))
"""The same colour for the same layer in every figure, from dark to light; the theme says which."""

OUTLINE = alt.Stroke("layer:O", scale=LAYERS, legend=None)
"""A layer's colour for the edge of a mark that is filled with another one."""

LAYER = alt.Color("layer:O", scale=LAYERS, legend=None)
"""A layer's colour where rows or curves are labelled."""


def powers(exponents: range) -> alt.Axis:
    """Return a logarithmic axis that is marked at these powers of ten."""
    return alt.Axis(values=[10.0**power for power in exponents], format="~e")


def thirds(low: float) -> alt.Axis:
    """Return a logarithmic axis from `low` up that is marked at 1, 3, 10, 30, ..."""
    return alt.Axis(values=_TICKS, format="~e" if low < 1e-4 else ",~g")


def speed_x(field: str, ratio: float = 1.0) -> alt.X:
    """Return an x axis of speeds: factors matter, so it is logarithmic.

    When the largest is more than 10,000 times (`ratio`) the smallest, decades alone are marked.
    """
    axis = alt.Axis(values=DECADES, format="~e") if ratio > 1e4 else SPEED_TICKS
    scale = alt.Scale(type="log", nice=False, padding=10)  # the least bin is clear of the labels
    return alt.X(f"{field}:Q", scale=scale, title=SPEED, axis=axis)


SPEED_TICKS = alt.Axis(values=_TICKS, format=",.12~f")  # never 1e-7 above 0.000001
speed_y = y_axis(SPEED, LOG, SPEED_TICKS)
"""A y axis of speeds."""


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
