"""Records and verdicts may come from another version, another user or a damaged disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from depthgauge.errors import DataError

RETRAIN = "remove it and train the study again"
"""What to do about a record."""


@contextmanager
def lookups_in(what: str) -> Iterator[None]:
    """Turn the lookup of something that `what` lacks into a DataError that names both.

    A record holds what its study was asked to measure, possibly less than a claim or figure reads.
    That it is as it was written, `records.read` has checked: any other error is a bug of ours.
    """
    try:
        yield
    except LookupError as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{what} lacks what is read of it ({reason}); {RETRAIN}") from error


def printable(value: Any) -> Any:
    """Return JSON values with a blank for each character that no page or terminal can print.

    These are unpaired surrogates, which no file can hold, and control characters.
    """
    if isinstance(value, str):
        return "".join(each if each.isprintable() else " " for each in value)
    if isinstance(value, dict):
        return {printable(key): printable(each) for key, each in value.items()}
    return [printable(each) for each in value] if isinstance(value, list) else value
