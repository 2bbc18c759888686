"""The page's table: a row a layer, each number the mean over the latest looks."""

import math
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

from depthgauge.diagnosis import wording
from depthgauge.diagnosis.charts import relative_signals, shown_parts
from depthgauge.diagnosis.layer_rules import BOUNDED
from depthgauge.diagnosis.readings import Look, Site
from depthgauge.diagnosis.thresholds import DEFAULT
from depthgauge.diagnosis.wording import CAUSES

_BEFORE = (
    ("layer", "module name; its class and size, and the activation that follows"),
    ("signal", "decades against the last hidden layer"),
)
_AFTER = (
    ("saturated", "share of activations where the function is nearly flat"),
    ("dead", "share of units that no example activated"),
    ("sameness", "how much examples differ: near 0 they all look alike"),
    ("update", "change of the weights in one step, relative to their size"),
)


def layer_columns(looks: Sequence[Look]) -> list[tuple[str, str]]:
    """Return heading and explanation of each column; parts that no layer has are left out."""
    parts = [(str(c), f"decades to the next layer by {CAUSES[c]}") for c in shown_parts(looks)]
    return [*_BEFORE, *parts, *_AFTER]


def layer_rows(looks: Sequence[Look]) -> list[dict[str, Any]]:
    """Return a row for each site of the last look, input side first."""
    relative = [relative_signals(look) for look in looks]
    return [_row(site, looks, relative) for site in looks[-1].sites] if looks else []


def _row(site: Site, looks: Sequence[Look], relative: Sequence[dict[str, float]]) -> dict[str, Any]:
    def mean(read: Callable[[Site], float | None]) -> float | None:
        found = (s for look in looks for s in look.sites if s.name == site.name)
        return _mean([read(s) for s in found])

    signal = _mean([each.get(site.name) for each in relative])
    shown = [p.name for p in shown_parts(looks)]
    parts = [mean(lambda s, p=p: getattr(s.parts, p, None)) for p in shown]
    zero = [getattr(site.parts, p, None) == -math.inf for p in shown]
    saturated, dead = mean(lambda s: s.saturated), mean(lambda s: s.dead)
    sameness, update = mean(lambda s: s.sameness), mean(lambda s: s.update_ratio)
    judged = not site.output and not site.frozen
    full = judged and site.activation in BOUNDED and _above(saturated, DEFAULT.saturated)
    cells = [
        (_signal(site, signal), _above(signal and abs(signal), DEFAULT.vanishes)),
        *(("zero" * z or _text(p, wording.signed), z) for p, z in zip(parts, zero, strict=True)),
        (_text(saturated, wording.percent), full),
        (_text(dead, wording.percent), judged and _above(dead, DEFAULT.dead)),
        (_text(sameness, wording.short), judged and _above(DEFAULT.alike, sameness)),
        (_text(update, wording.short), _above(update, DEFAULT.step_too_large)),
    ]
    about = [site.module or str(site.kind), site.activation]
    about += ["output"] if site.output else []
    return {
        "name": site.name,
        "about": " · ".join(text for text in about if text),
        "cells": [{"text": text, "beyond": beyond} for text, beyond in cells],
    }


def _signal(site: Site, value: float | None) -> str:
    if site.frozen:
        return "frozen"
    if value is None and site.signal is not None and not site.output:
        return "zero" if site.signal == -math.inf else "not finite" * math.isnan(site.signal)
    return _text(value, wording.signed)


def _text(value: float | None, write: Callable[[float], str]) -> str:
    return "" if value is None else write(value)


def _mean(values: Sequence[float | None]) -> float | None:
    found = [v for v in values if v is not None and math.isfinite(v)]
    return fmean(found) if found else None


def _above(value: float | None, limit: float | None) -> bool:
    return value is not None and limit is not None and value > limit
