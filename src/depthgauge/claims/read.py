"""The verdicts in a claims.json, read back: of this version or an older one."""

import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from depthgauge.claims.judgement import FORMAT, Verdict
from depthgauge.claims.nature import Nature
from depthgauge.errors import DataError
from depthgauge.untrusted import printable

MOST_SEEDS = 1_000_000
"""As config/experiment.py allows."""

PRINTED = (
    *("id", "study", "statement", "rule", "published", "measured", "interval", "n"),
    *("verdict", "reason"),
)
"""Keys that the terminal prints and compares."""

REPORTED = (
    *PRINTED,
    *("source", "dataset", "figure", "unit", "seeds", "scale", "updates", "n_diverged", "cells"),
)
"""Keys that the report needs. Verdicts of any version have them; later ones have more."""


def read_verdicts(where: str | Path, required: Sequence[str] = PRINTED) -> list[dict[str, Any]]:
    """Return the verdicts in a claims.json, each with the `required` keys; "-" is standard input.

    Raises DataError if the file is missing or not a list of verdicts.
    """
    name = "standard input" if where == "-" else str(where)
    try:
        text = sys.stdin.read() if where == "-" else Path(where).read_text(encoding="utf-8")
        return parse(text, required)
    except FileNotFoundError:
        raise DataError(f"no claims at {name}; run `depthgauge judge` or `dvc repro`") from None
    except (OSError, ValueError) as error:
        raise DataError(
            f"{name} is not a list of verdicts ({error}); give a claims.json, or make one with"
            " `depthgauge judge`"
        ) from error


def parse(text: str, required: Sequence[str]) -> list[dict[str, Any]]:
    """Return a list of verdicts, each with the `required` keys and values of the right kind.

    Raises ValueError, whose text says which verdict is wrong and how.
    """
    try:
        found = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(found, list):
        raise ValueError("not a list")
    for position, verdict in enumerate(found):
        if not isinstance(verdict, dict):
            raise ValueError(f"entry {position} is not a verdict")
        version = verdict.get("format", 1)
        if _count(version) and not 1 <= version <= FORMAT:
            raise ValueError(
                f"entry {position} has format {version}; this version of depthgauge reads 1 to"
                f" {FORMAT}"
            )
        wrong = [key for key in required if key not in verdict]
        wrong += [key for key, fits in KINDS.items() if key in verdict and not fits(verdict[key])]
        if wrong:
            raise ValueError(f"entry {position}: {', '.join(wrong)} missing or invalid")
        if verdict.get("measured") is not None and verdict.get("interval") is None:
            raise ValueError(f"entry {position} has a number without an interval")
    if len({verdict["id"] for verdict in found}) < len(found):
        raise ValueError("two entries have the same id")
    return found


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")


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


def _optional(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


KINDS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("id", "source", "study", "statement", "rule"), _text),
    **dict.fromkeys(("dataset", "figure", "unit", "reason", "kind", "rule_name"), _text),
    **dict.fromkeys(("format", "updates_needed", "n_diverged"), _count),
    **dict.fromkeys(("published", "measured", "z"), _optional(_number)),
    "rule_arguments": lambda value: isinstance(value, dict),
    "published_values": _optional(_list_of(_number)),
    "values": _optional(_list_of(lambda seed: _number(seed) or _list_of(_number)(seed))),
    "sensitivity": _optional(lambda value: isinstance(value, dict)),
    "nature": lambda value: _text(value) and value in set(Nature),
    "interval": _optional(_list_of(_number, 2)),
    "n": lambda value: _count(value) and value <= MOST_SEEDS,
    "seeds": _list_of(_count),
    "scale": _optional(_text),
    "updates": lambda value: _list_of(_optional(_count), 2)(value) and value[1] is not None,
    "cells": _list_of(_text),
    "verdict": lambda value: _text(value) and value in set(Verdict),
}
"""Key of a verdict -> whether a value is of the right kind (claims/stored.py writes them)."""
