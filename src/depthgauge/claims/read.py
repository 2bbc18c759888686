"""The verdicts of an earlier judgement."""

import sys
from pathlib import Path
from typing import Any

from depthgauge.claims.written import parse
from depthgauge.errors import DataError

KEYS = (
    *("id", "study", "statement", "rule", "published", "measured", "interval", "n"),
    *("verdict", "reason"),
)
"""What the terminal shows and compares; an older version's list may lack the rest."""


def read_verdicts(where: str | Path) -> list[dict[str, Any]]:
    """Return the verdicts in a claims.json; "-" is standard input.

    Raises DataError when the file is missing or is no list of verdicts.
    """
    name = "standard input" if where == "-" else str(where)
    try:
        text = sys.stdin.read() if where == "-" else Path(where).read_text(encoding="utf-8")
        return parse(text, KEYS)
    except FileNotFoundError:
        raise DataError(f"no claims at {name}; run `depthgauge judge` or `dvc repro`") from None
    except (OSError, ValueError) as error:
        raise DataError(
            f"{name} is no list of verdicts ({error}); give a claims.json, or make one with"
            " `depthgauge judge`"
        ) from error
