"""Verdicts as text: rows of a table, and counts of each kind."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from depthgauge.report.seeds import in_words

Verdicts = Sequence[Mapping[str, Any]]
"""The objects of results/claims.json."""

SOURCES = {
    "nielsen": "Nielsen 2015",
    "milman": "Milman",
    "glorot": "Glorot and Bengio 2010",
    "lucas": "Lucas",
    "theory": "Nielsen 2015",
}
"""First word of a claim's id -> who published it; the chain of single neurons is Nielsen's."""

OURS = {"finding": "Findings of this project", "mathematics": "Mathematics checked"}
"""Nature of a claim that no source published -> what it is shown under."""

PUBLISHED = {"number": "numbers", "sentence": "sentences"}
"""Nature of a source's own claim -> their plural."""

WORDS = {"holds": "holds", "fails": "fails", "inconclusive": "open"}
SYMBOLS = {"holds": "✓", "fails": "✗", "inconclusive": "?"}
"""Colour is never the only sign."""


def row(verdict: Mapping[str, Any]) -> dict[str, str]:
    """Return one verdict as the texts of a table row and of what it unfolds to."""
    used, published_updates = verdict["updates"]
    done = "none" if used is None else f"{used:,}"
    diverged = verdict["n_diverged"]
    return {
        **{key: verdict[key] for key in ("id", "study", "statement", "source", "rule", "reason")},
        **{key: verdict[key] for key in ("dataset", "figure", "unit", "verdict")},
        "group": group(verdict),
        "word": WORDS[verdict["verdict"]],
        "symbol": SYMBOLS[verdict["verdict"]],
        "published": number(verdict["published"]),
        "measured": number(_beside(verdict["measured"], verdict["interval"])),
        "interval": interval(verdict["interval"]),
        "n": str(verdict["n"]),
        "seeds": in_words(verdict["seeds"]) + (f", {diverged} diverged" if diverged else ""),
        "scale": verdict["scale"] or "not run",
        "updates": f"{done} of {published_updates:,} published"
        if published_updates
        else "none needed",
        "cells": "; ".join(verdict["cells"]) or "none",
    }


def group(verdict: Mapping[str, Any]) -> str:
    """Return who published a claim, for filters and sums; unpublished claims go by their nature."""
    if verdict.get("nature") in OURS:
        return OURS[verdict["nature"]]
    first: str = verdict["id"].split(".")[0]
    return SOURCES.get(first, first)


def number(value: float | None) -> str:
    """Return a number with the digits it was stored with; nothing where there is none."""
    return "" if value is None else f"{value:g}"


def interval(ends: Sequence[float] | None) -> str:
    """Return "[low, high]"; nothing where there is none."""
    return "" if ends is None else f"[{ends[0]:g}, {ends[1]:g}]"


def _beside(value: float | None, ends: Sequence[float] | None) -> float | None:
    """Return 0 for a value that is a rounding error compared with its interval."""
    if value is not None and ends is not None and abs(value) < 1e-9 * (ends[1] - ends[0]):
        return 0.0
    return value


def by_section(verdicts: Verdicts) -> dict[str, list[Mapping[str, Any]]]:
    """Return what was judged -> its verdicts, source by source.

    Numbers and sentences of a source stand apart; what no source published comes last.
    """
    sources = list(dict.fromkeys(map(group, verdicts)))
    natures = [*PUBLISHED, *OURS]

    def place(verdict: Mapping[str, Any]) -> tuple[bool, int, int]:
        nature = verdict.get("nature", natures[0])
        return nature in OURS, sources.index(group(verdict)), natures.index(nature)

    found: dict[str, list[Mapping[str, Any]]] = {}
    for verdict in sorted(verdicts, key=place):
        kind = PUBLISHED.get(verdict.get("nature", ""))
        name = f"{group(verdict)}: {kind}" if kind else group(verdict)
        found.setdefault(name, []).append(verdict)
    return found


def tally(verdicts: Verdicts) -> dict[str, Counter[str]]:
    """Return what was judged -> kind of verdict -> how many, in the order of `by_section`."""
    return {
        name: Counter(each["verdict"] for each in found)
        for name, found in by_section(verdicts).items()
    }


def published(verdicts: Verdicts) -> list[Mapping[str, Any]]:
    """Return the verdicts on what a source published."""
    return [each for each in verdicts if each.get("nature") not in OURS]


def scales(verdicts: Verdicts) -> str:
    """Return at which scales the claims were judged, for example "quick (40), paper (5)"."""
    counts = Counter(verdict["scale"] or "not run" for verdict in verdicts)
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{scale} ({count})" for scale, count in sorted(counts.items()))


def open_by_want(verdicts: Verdicts) -> dict[str, list[Mapping[str, Any]]]:
    """Return what open claims lack -> those claims, the most frequent first."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for verdict in verdicts:
        if verdict["verdict"] == "inconclusive":
            found.setdefault(_want(verdict), []).append(verdict)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def _want(verdict: Mapping[str, Any]) -> str:
    """Return what an open claim would need first."""
    done, published = verdict["updates"]
    if verdict["scale"] is None:
        return "whose data set or study was not run"
    if (done or 0) < verdict.get("updates_needed", published):
        return "judged after fewer updates than they need"
    if "reaches across" in verdict["reason"]:
        return "whose interval includes the threshold"
    if "its grid" in verdict["reason"]:
        return "whose best learning rate or other setting is at the edge of the grid"
    if "neither network learned" in verdict["reason"]:
        return "whose networks did not learn"
    return "for a reason stated with the claim"
