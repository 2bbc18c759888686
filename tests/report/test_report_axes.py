"""Axes that figures share: numbers of one axis are written in one way."""

import re

import altair as alt
import pandas as pd
import pytest

from depthgauge.report.axes import speed_x, speed_y, thirds
from depthgauge.report.curves import y_axis
from depthgauge.report.figure import Figure, panel, svg


def picture(low, high, **encodings):
    """Return a drawn chart whose values reach from `low` to `high`."""
    points = alt.Chart(pd.DataFrame({"value": [low, high]})).mark_point().encode(**encodings)
    chart = alt.concat(panel("", [points], 900, 900))
    return svg(Figure("", "", "", "", "", chart))


def tick_labels(drawn):
    (labels,) = re.findall(r"role-axis-label.*?</g>", drawn, re.DOTALL)
    return re.findall(r">([^<>]+)</text>", labels)


def encodings(low, high):
    log = alt.Scale(type="log", nice=False)
    yield {"y": speed_y("value")}
    yield {"x": speed_x("value", high / low)}
    yield {"y": y_axis("value", log, thirds(low))("value")}


@pytest.mark.parametrize(("low", "high"), [(2e-9, 2), (1e-7, 1e-6), (2e-6, 2), (0.002, 2e5)])
def test_an_axis_never_has_1e_7_beside_0_000001(low, high):
    """All ticks are powers of ten, or none is; each is the number at which it stands."""
    for each in encodings(low, high):
        labels = tick_labels(picture(low, high, **each))
        assert len(labels) > 1 and len({"e" in label for label in labels}) == 1
        numbers = sorted(float(label.replace(",", "")) for label in labels)
        assert low <= numbers[0] < numbers[-1] <= high
        assert {f"{number:e}"[0] for number in numbers} <= {"1", "3"}
