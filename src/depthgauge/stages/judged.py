"""The verdicts of an earlier judgement."""

import json
import sys
from pathlib import Path
from typing import Any

from depthgauge.errors import DataError

KEYS = ("id", "study", "statement", "rule", "published", "measured", "interval", "n")


def read_verdicts(where: str | Path) -> list[dict[str, Any]]:
    """Return the verdicts in a claims.json; "-" is standard input.

    Raises DataError when the file is missing or is no list of verdicts.
    """
    name = "standard input" if where == "-" else str(where)
    try:
        text = sys.stdin.read() if where == "-" else Path(where).read_text(encoding="utf-8")
        verdicts = json.loads(text)
        for verdict in verdicts:
            _ = [verdict[key] for key in (*KEYS, "verdict", "reason")]
    except FileNotFoundError:
        raise DataError(f"no claims at {name}; run `depthgauge judge` or `dvc repro`") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{name} is no list of verdicts ({error!r}); give a claims.json, or make one with"
            " `depthgauge judge`"
        ) from error
    return verdicts
