"""Verdicts as they lie in claims.json, read back: by this version, or one that is older."""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from depthgauge.claims.judgement import FORMAT, Verdict
from depthgauge.claims.nature import Nature
from depthgauge.claims.rules import Kind
from depthgauge.untrusted import printable

READ = range(1, FORMAT + 1)
"""Formats that are read; of an older one only what it has."""

MOST_SEEDS = 1_000_000
"""As config/experiment.py allows."""


def parse(text: str, required: Sequence[str]) -> list[dict[str, Any]]:
    """Return a list of verdicts of which each has the `required` keys, and no value of odd kind.

    Raises ValueError, whose text says which verdict has what, where it is none.
    """
    try:
        found = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(found, list):
        raise ValueError("it is no list")
    for position, verdict in enumerate(found):
        if not isinstance(verdict, dict):
            raise ValueError(f"entry {position} is no verdict")
        if _count(verdict.get("format", 1)) and verdict.get("format", 1) not in READ:
            raise ValueError(
                f"entry {position} is of format {verdict['format']}; this version of depthgauge"
                f" reads 1 to {FORMAT}"
            )
        wrong = [key for key in required if key not in verdict]
        wrong += [key for key, fits in KINDS.items() if key in verdict and not fits(verdict[key])]
        if wrong:
            raise ValueError(f"{', '.join(wrong)} of entry {position} lacking or wrong")
        if verdict.get("measured") is not None and verdict.get("interval") is None:
            raise ValueError(f"entry {position} has a number without an interval")
        if not _possible(verdict):
            raise ValueError(f"entry {position} has a number that no rule of its kind gives")
    if len({verdict["id"] for verdict in found}) < len(found):
        raise ValueError("a claim is there twice")
    return found


def _possible(verdict: dict[str, Any]) -> bool:
    """Whether a verdict's numbers are such as its kind of rule gives; fits any other kind."""
    numbers = [*(verdict.get("interval") or ()), verdict.get("measured")]
    if None in numbers:
        return True
    low, high, measured = numbers
    kind = verdict.get("kind")
    if kind == Kind.joint and not _readings(verdict):
        return False
    if kind in (Kind.geometric_mean, Kind.geometric_prediction) and min(numbers) <= 0:
        return False
    if kind == Kind.logit_prediction and not 0 <= min(numbers) <= max(numbers) <= 100:
        return False
    return low <= high and (kind != Kind.fraction or 0 <= measured <= 1)


def _readings(verdict: dict[str, Any]) -> bool:
    """Whether the values are as many positive numbers of each seed as were published."""
    width = len(verdict.get("published_values") or ())
    rows = verdict.get("values") or [[]]
    return len(rows) in (1, verdict.get("n")) and all(
        isinstance(row, list) and len(row) == width > 1 and min(row) > 0 for row in rows
    )


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _text(value: Any) -> bool:
    return isinstance(value, str) and printable(value) == value


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _number(value: Any) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) < 1e300 and math.isfinite(value)


def _list_of(fits: Callable[[Any], bool], length: int | None = None) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, list)
        and len(value) == (len(value) if length is None else length)
        and all(map(fits, value))
    )


def _seed(value: Any) -> bool:
    """Whether it is the number of one seed, or a row of numbers."""
    return _number(value) or _list_of(_number)(value)


def _perhaps(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


KINDS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("id", "source", "study", "statement", "rule"), _text),
    **dict.fromkeys(("dataset", "figure", "unit", "reason"), _text),
    "format": _count,
    "rule_name": _text,
    "rule_arguments": lambda value: isinstance(value, dict),
    "published_values": _perhaps(_list_of(_number)),
    "z": _perhaps(_number),
    "values": _perhaps(lambda value: isinstance(value, list) and all(map(_seed, value))),
    "sensitivity": _perhaps(lambda value: isinstance(value, dict)),
    "updates_needed": _count,
    "kind": _text,
    "nature": lambda value: _text(value) and value in set(Nature),
    "published": _perhaps(_number),
    "measured": _perhaps(_number),
    "interval": _perhaps(_list_of(_number, 2)),
    "n": lambda value: _count(value) and value <= MOST_SEEDS,
    "seeds": _list_of(_count),
    "scale": _perhaps(_text),
    "updates": lambda value: _list_of(_perhaps(_count), 2)(value) and value[1] is not None,
    "n_diverged": _count,
    "cells": _list_of(_text),
    "verdict": lambda value: _text(value) and value in set(Verdict),
}
"""Key of a verdict -> whether a value will do (claims/stored.py writes them)."""

SINCE_2 = ("format", "kind", "nature")
"""What verdicts of version 1 lack; the first ones of version 2 lack the nature, too."""

SINCE_3 = (
    *("rule_name", "rule_arguments", "published_values", "z", "values", "sensitivity"),
    "updates_needed",
)
"""What verdicts of versions 1 and 2 lack: they cannot be judged again without the records."""

OF_ALL = [key for key in KINDS if key not in (*SINCE_2, *SINCE_3)]
"""What verdicts of any version have."""
