"""SIGTERM, as a batch system or a shutdown sends it, ends a stage in order, as Ctrl-C does.

So does SIGHUP, which a terminal sends that is closed or loses its connection; `nohup` turns it off.
Workers end with the process that started them, however that ends.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))

WATCH_SECONDS = 1.0
"""Between two checks that the parent is alive."""

GRACE_SECONDS = 10.0
"""For a worker to shut down; finished work and the last checkpoint are on disk."""


class Terminated(SystemExit):
    """The process was asked to end; everything is closed on the way out."""


@contextmanager
def terminable() -> Iterator[None]:
    """Raise Terminated if one of SIGNALS arrives in this block, unless it is ignored."""

    def terminate(number: int, *_: Any) -> None:
        raise Terminated(128 + number)

    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, terminate)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@cache
def end_with_parent() -> None:
    """Let this process, if another Python started it to work, end soon after that one has."""
    if multiprocessing.current_process().name != "MainProcess":
        threading.Thread(target=_watch, args=[os.getppid()], daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:  # an orphan is given another parent
        time.sleep(WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(128 + signal.SIGTERM)
