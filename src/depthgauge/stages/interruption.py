"""SIGTERM, as a batch system or a shutdown sends it, ends a stage in order, as Ctrl-C does."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Terminated(SystemExit):
    """The process was asked to end; everything is closed on the way out."""


@contextmanager
def terminable() -> Iterator[None]:
    """Raise Terminated where SIGTERM meets what runs in here."""

    def terminate(*_: Any) -> None:
        raise Terminated(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
