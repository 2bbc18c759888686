"""The signal over depth at one look: its total in decades, and the parts that it is made of."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from depthgauge.diagnosis.findings import Cause
from depthgauge.diagnosis.readings import Kind, Parts, Site

_PLAIN = frozenset({Kind.linear, Kind.convolution})
RECTIFIERS = frozenset(
    {"relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "celu", "selu", "gelu", "silu"}
)
"""Activations with f' near 0 on one side: half of the squared signal is lost by design, which the
weights of He's initialization make up for."""
_HALF = 0.5 * math.log10(0.5)


def hidden(sites: Sequence[Site]) -> list[Site]:
    """Return the sites whose signal is judged: not the output's, not frozen, with a signal."""
    return [s for s in sites if not (s.output or s.frozen or s.signal is None or s.depth < 1)]


def total_decades(sites: Sequence[Site]) -> float | None:
    """Return by how many decades the signal changes from the output to the first layer.

    The slope over the hidden sites times the depth of the deepest: negative where it vanishes. The
    output edge itself is left out, since many networks begin with a small or zero output layer.
    -inf where the signal is exactly zero below some depth, NaN where it is not finite, None where
    fewer than two sites of one kind lie at different depths or no signal reaches any of them.
    """
    signals = hidden(sites)
    if any(s.signal is None or math.isnan(s.signal) or s.signal == math.inf for s in signals):
        return math.nan
    alike = groups(signals)
    if any(_cut_off(group) for group in alike):
        return -math.inf
    slope = _slope(alike)
    return None if slope is None else slope * max(s.depth for group in alike for s in group)


def part_totals(sites: Sequence[Site]) -> dict[Cause, float]:
    """Return what each cause adds to the total, in decades; empty where too few edges are split.

    Mean over the trunk's edges between hidden sites, times their number with the output's. Of a
    rectifier's slopes the half that it costs by design counts as the weights', whose
    initialization should make up for it.
    """
    inner = [s for s in hidden(sites) if s.depth >= 2]
    blocks = [s for s in inner if s.kind is Kind.block]
    trunk = blocks if len(blocks) >= 2 else inner
    split = [_causes(s) for s in trunk if s.parts is not None and _is_split(s.parts)]
    if not split or 2 * len(split) < len(trunk):
        return {}
    edges = len({s.depth for s in trunk}) + 1  # and the one to the output
    causes = {cause for edge in split for cause in edge}
    return {c: edges * sum(edge.get(c, 0.0) for edge in split) / len(split) for c in causes}


def _causes(site: Site) -> dict[Cause, float]:
    parts = site.parts or Parts()
    named = {Cause(f.name): getattr(parts, f.name) for f in fields(parts)}
    causes = {c: v for c, v in named.items() if v is not None and math.isfinite(v)}
    if site.activation in RECTIFIERS and {Cause.weights, Cause.slopes} <= causes.keys():
        causes[Cause.slopes] -= _HALF
        causes[Cause.weights] += _HALF
    return causes


def _is_split(parts: Parts) -> bool:
    return any(getattr(parts, f.name) is not None for f in fields(parts) if f.name != "alignment")


def groups(sites: Sequence[Site]) -> list[list[Site]]:
    """Return groups of sites that share an intercept and span at least two depths.

    One per role; sites with a role of their own are grouped by kind, plain layers together.
    """
    by_role: dict[str, list[Site]] = defaultdict(list)
    for site in sites:
        by_role[site.role].append(site)
    found: dict[tuple[type, str], list[Site]] = {}
    for role, group in by_role.items():
        kind = group[0].kind
        alone = len(group) == 1
        key = (Kind, Kind.linear if kind in _PLAIN else kind) if alone else (str, role)
        found.setdefault(key, []).extend(group)
    return [g for g in found.values() if len({s.depth for s in g}) >= 2]


def _cut_off(group: Sequence[Site]) -> bool:
    """Whether every site from some depth on has an exact zero while one nearer the loss has not."""
    alive = [s.depth for s in group if s.signal != -math.inf]
    return bool(alive) and max(s.depth for s in group) > max(alive)


def _slope(alike: Sequence[Sequence[Site]]) -> float | None:
    """Return decades per layer toward the input: least squares with one intercept per group."""
    products = squares = 0.0
    for group in alike:
        points = [(s.depth, s.signal) for s in group if s.signal is not None]
        finite = np.array([p for p in points if math.isfinite(p[1])], dtype=float)
        if len(finite):
            depth, signal = (finite - finite.mean(axis=0)).T
            products += float(depth @ signal)
            squares += float(depth @ depth)
    return products / squares if squares > 0 else None
