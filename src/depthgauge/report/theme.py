"""How every figure looks, on a light page and on a dark one: fonts and named mark styles."""

from typing import Any

from depthgauge.colours import BACKGROUND, CATEGORY_COLOURS, INK, LAYER_COLOURS

_FAINT = {"light": "#e3e6ea", "dark": "#333840"}
MUTED = {"light": "#666c74", "dark": "#9aa1a9"}
# Metrics-compatible families first, so that labels take the same room on every machine.
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"


def config(mode: str) -> dict[str, Any]:
    """Return the Vega-Lite config of `mode`, light or dark; charts name no colour themselves."""
    ink, faint, muted = INK[mode], _FAINT[mode], MUTED[mode]
    return {
        "aria": False,  # a symbol for every point would drown a screen reader: the caption speaks
        "background": BACKGROUND[mode],
        "font": _FONT,
        "range": {"category": CATEGORY_COLOURS[mode], "ordinal": LAYER_COLOURS[mode]},
        "axis": {
            "labelColor": ink,
            "titleColor": ink,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "gridColor": faint,
            "domainColor": faint,
            "tickColor": faint,
            "labelOverlap": True,
            "labelFlush": False,  # a label stands under its tick, at the ends, too
            "labelSeparation": 4,
        },
        "title": {
            "color": ink,
            "fontSize": 13,
            "fontWeight": "bold",
            "anchor": "start",
            "frame": "group",
        },
        "legend": {
            "labelColor": ink,
            "titleColor": ink,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "orient": "top",
            "titleOrient": "left",
            "titlePadding": 10,
            "symbolFillColor": ink,  # of legends of shapes: Vega's own is black
            "symbolStrokeColor": ink,
        },
        "mark": {"color": ink},
        "rule": {"color": ink},
        "text": {"color": ink},  # Vega's own is black
        "view": {"stroke": None},
        "style": {
            "band": {"opacity": 0.22},
            "median": {"strokeWidth": 2},
            "single": {"strokeWidth": 0.8, "opacity": 0.8},
            "reference": {"strokeWidth": 1.5, "strokeDash": [5, 3]},
            "published_curve": {"color": muted, "strokeWidth": 3.5, "opacity": 0.75},
            "published_label": {
                "color": muted,
                "fontSize": 12,
                "align": "right",
                "baseline": "bottom",
                "dy": -8,
            },
            "key": {"shape": "circle", "size": 24, "filled": True, "opacity": 1},
            "line_label": {"fontSize": 12, "align": "left", "baseline": "middle", "dx": 14},
            "over_line": {"fontSize": 12, "align": "left", "baseline": "bottom", "dx": 6},
            "under_line": {"fontSize": 12, "align": "left", "baseline": "top", "dx": 6, "dy": 12},
            "measured": {"shape": "circle", "size": 36, "filled": True, "opacity": 1},
            "span": {"fontSize": 12, "fontWeight": "bold", "baseline": "top", "dy": 4},
            "interval": {"strokeWidth": 1.5},
            "published": {
                "shape": "diamond",
                "size": 90,
                "filled": True,
                "stroke": ink,
                "strokeWidth": 2,
                "opacity": 1,
            },
            "predicted": {"shape": "cross", "size": 60, "filled": True, "opacity": 1},
            "ridge": {"opacity": 0.7},
            "neuron": {
                "shape": "circle",
                "size": 420,
                "filled": True,  # hides the ends of the lines between neurons
                "color": BACKGROUND[mode],
                "strokeWidth": 2,
                "opacity": 1,
            },
        },
    }
