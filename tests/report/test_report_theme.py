"""Colours that everybody can tell apart, on both pages."""

import re
from importlib.resources import files
from itertools import combinations, pairwise

import numpy as np
import pytest

from depthgauge.colours import BACKGROUND, CATEGORY_COLOURS, INK, LAYER_COLOURS
from depthgauge.report.theme import MUTED, config

# Linear-RGB simulations of full dichromacy. Source: Machado, Oliveira, Fernandes, IEEE TVCG 15
# (2009), 1291-1298, table of severity 1.0.
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
MODES = ("light", "dark")


def linear(colour):
    """Linear RGB of "#rrggbb" (IEC 61966-2-1)."""
    code = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def contrast(first, second):
    """Contrast ratio, WCAG 2.2."""
    low, high = sorted(linear(each) @ [0.2126, 0.7152, 0.0722] for each in (first, second))
    return (high + 0.05) / (low + 0.05)


def lab(rgb):
    """CIE L*a*b* of linear RGB, white point D65."""
    matrix = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    t = np.array(matrix) @ rgb / [0.95047, 1, 1.08883]
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("mode", MODES)
def test_colours_stand_out_from_the_page(mode):
    """Graphics need a contrast of 3 (WCAG 2.2, 1.4.11), text 4.5 (1.4.3)."""
    for colours in (LAYER_COLOURS, CATEGORY_COLOURS):
        assert min(contrast(each, BACKGROUND[mode]) for each in colours[mode]) >= 3
    assert contrast(INK[mode], BACKGROUND[mode]) >= 4.5
    assert contrast(MUTED[mode], BACKGROUND[mode]) >= 4.5


@pytest.mark.parametrize("mode", MODES)
def test_symbols_of_a_legend_of_shapes_can_be_seen(mode):
    """Vega draws them black where no colour is named: invisible on the dark page."""
    legend = config(mode)["legend"]
    for part in ("symbolFillColor", "symbolStrokeColor"):
        assert contrast(legend[part], BACKGROUND[mode]) >= 4.5


@pytest.mark.parametrize("mode", MODES)
def test_words_in_a_figure_can_be_read(mode):
    """Labels beside lines are text marks, which Vega draws black where no colour is named."""
    found = config(mode)
    styles = [each for each in found["style"].values() if "fontSize" in each]
    colours = [found["text"]["color"], *(each["color"] for each in styles if "color" in each)]
    assert styles and all(contrast(each, BACKGROUND[mode]) >= 4.5 for each in colours)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("vision", VISION)
def test_categories_differ_for_every_kind_of_vision(mode, vision):
    """Any two lie 20 or more apart in L*a*b*; just noticeable is about 2."""
    seen = perceived(CATEGORY_COLOURS[mode], vision)
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) >= 20


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("vision", VISION)
def test_layers_are_in_order_for_every_kind_of_vision(mode, vision):
    """Each is lighter than the layer before, and 15 or more from every other in L*a*b*."""
    seen = perceived(LAYER_COLOURS[mode], vision)
    assert all(b[0] - a[0] > 4 for a, b in pairwise(seen))
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) >= 15


def perceived(colours, vision):
    """L*a*b* of "#rrggbb" colours as a person with this colour vision sees them."""
    return [lab(np.clip(np.array(VISION[vision]) @ linear(each), 0, 1)) for each in colours]


@pytest.mark.parametrize("mode", MODES)
def test_text_of_the_page_can_be_read(mode):
    """Every text colour of the style sheet has a contrast of 4.5 on each ground it is put on."""
    style = files("depthgauge.report").joinpath("template", "page.css").read_text("utf-8")
    colours = dict(
        re.findall(r"--([\w-]+): (#[0-9a-f]{6})", style.split(":root {")[1 + (mode == "dark")])
    )
    grounds = {
        **dict.fromkeys(("ink", "quiet", "link"), ("ground", "raised")),
        **{verdict: (f"{verdict}-ground",) for verdict in ("holds", "fails", "open")},
    }
    for text, put_on in grounds.items():
        for ground in put_on:
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    assert colours["ground"] == BACKGROUND[mode]
