"""Records and verdicts may come from elsewhere: another version, another hand, a spoiled disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from depthgauge.errors import DataError, DepthgaugeError

RETRAIN = "remove it and train the study again"
"""What to do about a record."""


@contextmanager
def understood(what: str, mending: str) -> Iterator[None]:
    """Turn whatever goes wrong over `what` into a DataError that names it and says what to do.

    Code that reads a record takes for granted what its study writes: which arrays, of which shape,
    with which words. To ask for each of these everywhere would bury it. Nothing else may be done
    inside: a mistake of our own would be blamed on the data (the sentence shows its kind).
    """
    try:
        yield
    except (DepthgaugeError, OSError):
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise DataError(f"{what} cannot be understood ({reason}); {mending}") from error


def printable(value: Any) -> Any:
    """Return JSON values with a blank for each character that no page or terminal can show.

    Such are halves of a character, which no file can hold, and what steers a terminal.
    """
    if isinstance(value, str):
        return "".join(each if each.isprintable() else " " for each in value)
    if isinstance(value, dict):
        return {printable(key): printable(each) for key, each in value.items()}
    return [printable(each) for each in value] if isinstance(value, list) else value
