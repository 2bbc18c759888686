"""A figure: a chart with what it shows in one sentence, how to read it and what it rests on."""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import vl_convert

from depthgauge.report.theme import config

_LINE = 82
"""Characters in a line of a picture's title."""

HOVER = "hover"
"""Name prefix of layers that only react to the pointer; still pictures omit them."""


@dataclass(frozen=True)
class Figure:
    """One figure of the report; its name is its key in `report.figures`."""

    study: str
    title: str
    """What is drawn, in a few words, for lists and links."""
    finding: str
    """What came out: a sentence with numbers of the records that are drawn."""
    caption: str
    """How to read it."""
    basis: str
    """Seeds, updates, scale and data: see `depthgauge.report.cells.basis`."""
    chart: alt.ConcatChart

    @property
    def alternative(self) -> str:
        """Text for readers who cannot see the picture."""
        return f"{self.title}. {self.finding}"


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
    picture = vl_convert.vegalite_to_svg(_still(figure), config=config("light"))
    return _renumbered(picture)


def png(figure: Figure) -> bytes:
    """Return the figure as PNG on a light ground, two pixels for each of its units."""
    return vl_convert.vegalite_to_png(_still(figure), config=config("light"), scale=2)


def _still(figure: Figure) -> dict[str, Any]:
    """Return the figure under its finding, without what only answers the pointer."""
    chart = spec(figure)
    views = [
        view | {"layer": [each for each in view["layer"] if not _answers_pointer(each)]}
        for view in chart["concat"]
    ]
    title = {"text": textwrap.wrap(figure.finding, _LINE), "fontSize": 15, "offset": 14}
    kept = {key: value for key, value in chart.items() if key != "params"}
    return kept | {"concat": views, "title": title}


def _renumbered(picture: str) -> str:
    """Return an SVG with its ids counted from 0: the renderer counts on from its last picture."""
    ids = dict.fromkeys(re.findall(r'\bid="(\w+)"', picture))
    names = {name: f"id{number}" for number, name in enumerate(ids)}
    return re.sub(
        r'(\bid="|url\(#)(\w+)', lambda found: found[1] + names.get(found[2], found[2]), picture
    )


def _answers_pointer(layer: dict[str, Any]) -> bool:
    return layer.get("name", "").startswith(HOVER)
