"""A figure: a chart with its name, its study and a caption that says what it rests on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import vl_convert

from depthgauge.report.theme import config

HOVER = "hover"
"""Name prefix of the layers that only answer the pointer; still pictures do without them."""


@dataclass(frozen=True)
class Figure:
    """One figure of the report; `name` is its file's stem and its anchor in the page."""

    study: str
    name: str
    title: str
    caption: str
    chart: alt.ConcatChart


def panel(title: str, layers: Sequence[alt.Chart], width: int, height: int) -> alt.LayerChart:
    """Return one panel of a figure; sizes in pixels, of which the page may change the width."""
    return alt.LayerChart(layer=list(layers), title=title, width=width, height=height)


def spec(figure: Figure) -> dict[str, Any]:
    """Return the figure's Vega-Lite specification without a theme: the page brings its own."""
    chart = figure.chart.to_dict()
    chart.pop("config", None)
    return chart


def svg(figure: Figure) -> str:
    """Return the figure as SVG on a light ground; the same figure gives the same text."""
    picture = vl_convert.vegalite_to_svg(_still(spec(figure)), config=config("light"))
    return _renumbered(picture)


def png(figure: Figure) -> bytes:
    """Return the figure as PNG on a light ground, two pixels for each of its units."""
    return vl_convert.vegalite_to_png(_still(spec(figure)), config=config("light"), scale=2)


def _still(chart: dict[str, Any]) -> dict[str, Any]:
    """Return `chart` without the layers and parameters that only answer the pointer."""
    views = [
        view | {"layer": [each for each in view["layer"] if not _answers_pointer(each)]}
        for view in chart["concat"]
    ]
    return {key: value for key, value in chart.items() if key != "params"} | {"concat": views}


def _renumbered(picture: str) -> str:
    """Return an SVG with its ids counted from 0: the renderer counts on from its last picture."""
    ids = dict.fromkeys(re.findall(r'\bid="(\w+)"', picture))
    names = {name: f"id{number}" for number, name in enumerate(ids)}
    return re.sub(
        r'(\bid="|url\(#)(\w+)', lambda found: found[1] + names.get(found[2], found[2]), picture
    )


def _answers_pointer(layer: dict[str, Any]) -> bool:
    return layer.get("name", "").startswith(HOVER)
