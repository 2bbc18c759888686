"""A signal ends a command whatever the moment at which it arrives."""

import os
import signal
import sys
import threading
from contextlib import suppress

import pytest

from depthgauge import signals
from depthgauge.signals import Terminated, terminable


def in_order(number):
    os.kill(os.getpid(), number)
    threading.Event().wait(20)


def in_a_library(number):
    """A library's bare `except` around whatever it does."""
    with suppress(BaseException):
        in_order(number)


def in_a_destructor(number):
    """Python itself drops what is raised here."""

    class Held:
        def __del__(self):
            in_order(number)

    Held()


@pytest.fixture
def heeded():
    """Heed all signals: SIGHUP under `nohup`, and SIGINT in a background job, are ignored."""
    defaults = dict.fromkeys(signals.SIGNALS, signal.SIG_DFL)
    defaults[signal.SIGINT] = signal.default_int_handler
    before = {number: signal.signal(number, default) for number, default in defaults.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [*signals.SIGNALS, signal.SIGINT])
@pytest.mark.parametrize("struck", [in_order, in_a_library, in_a_destructor])
def test_a_signal_ends_the_block_also_if_what_it_raised_was_lost(
    struck, number, heeded, monkeypatch
):
    """What is lost is raised again, until the block ends; then nothing is pending."""
    monkeypatch.setattr(signals, "REPEAT_SECONDS", 0.5)
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    expected = KeyboardInterrupt if number == signal.SIGINT else Terminated
    with pytest.raises(expected), terminable():
        struck(number)
        threading.Event().wait(20)
    timers = [each for each in threading.enumerate() if isinstance(each, threading.Timer)]
    assert all(each.finished.is_set() for each in timers)


def test_an_ignored_signal_stays_ignored(heeded):
    """`nohup` asks for it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with terminable():
        os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
