"""Test error against updates: seed band and median, with a point at each evaluation."""

import altair as alt


def error_layers(base: alt.Chart, *told: str) -> list[alt.Chart]:
    """Return band and median of a chart whose table has low, median and high, in percent.

    Under the pointer a point tells the columns `told`, then those three.
    """
    low, median = (
        alt.Y(f"{field}:Q", title="test error (%)", scale=alt.Scale(zero=False))
        for field in ("low", "median")
    )
    tooltip = [*told, "low", "median", "high"]
    return [
        base.mark_area(style="band").encode(y=low, y2="high"),
        base.mark_line(style="median", point=True).encode(y=median, tooltip=tooltip),
    ]
