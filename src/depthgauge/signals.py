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

REPEAT_SECONDS = 30.0
"""For a command to end in order before the signal that asked it to is raised again."""

WATCH_SECONDS = 1.0
"""Between two checks that the parent is alive."""

GRACE_SECONDS = 10.0
"""For a worker to shut down; finished work and the last checkpoint are on disk."""


class Terminated(SystemExit):
    """The process was asked to end; everything is closed on the way out."""


@contextmanager
def terminable() -> Iterator[None]:
    """Raise Terminated if one of SIGNALS arrives in this block, unless it is ignored.

    An exception may be lost where it happens to be raised: in a callback of the garbage collector,
    or under a library's bare `except`. So the signal is sent again, every REPEAT_SECONDS, until the
    block ends; Ctrl-C, too.
    """
    timers: list[threading.Timer] = []

    def repeat(number: int) -> None:
        timer = threading.Timer(REPEAT_SECONDS, os.kill, [os.getpid(), number])
        timer.daemon = True
        timers.append(timer)
        timer.start()

    def terminate(number: int, *_: Any) -> None:
        repeat(number)
        raise Terminated(128 + number)

    def interrupt(number: int, *_: Any) -> None:
        repeat(number)
        raise KeyboardInterrupt

    handlers = dict.fromkeys(SIGNALS, terminate) | {signal.SIGINT: interrupt}
    before = {number: signal.getsignal(number) for number in handlers}
    for number, handler in handlers.items():
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
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
