"""Where a process is killed: at the n-th time that it comes by a named point of its work.

Points are hooks, not times, so that a seed means the same moment on every machine. `arm` returns
the list that counts how often the point was passed.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path


def arm(point, at, number=0, delay=0.0):
    """Send this process the signal `number` when it passes `point` for the `at`-th time.

    `delay` seconds later, where it is not zero: inside what the point begins. `at` = 0: only count.
    """
    passed = [0]

    def go_by():
        passed[0] += 1
        if passed[0] == at:
            if delay:
                threading.Thread(target=late, daemon=True).start()
            else:
                strike()

    def late():
        time.sleep(delay)
        strike()

    def strike():
        os.kill(os.getpid(), number)
        if number == signal.SIGKILL:
            time.sleep(10)  # the kernel has not come round to it yet

    go_by.due = lambda: passed[0] + 1 == at
    POINTS[point](go_by)
    return passed


def write_often():
    """Write a checkpoint, and MLflow's curves, after every chunk."""
    from depthgauge.tracking import buffer as live
    from depthgauge.training import descent

    descent.CHECKPOINT_SECONDS = 0.0
    live.PAUSE_SECONDS = 0.0


def hurry():
    """Wait for a locked database for a moment only."""
    from depthgauge.tracking import store

    store.BUSY_SECONDS = 0.2


def turn_the_clock_back():
    """Let an hour be lost each time that somebody asks for the time of day."""
    real, asked = time.time, [0]

    def earlier():
        asked[0] += 1
        return real() - 3600 * asked[0]

    time.time = earlier


def _chunk(go_by):
    """The start of a chunk of SGD steps."""
    from depthgauge.training.module import ReplicaModule

    real = ReplicaModule.training_step

    def step(self, *words):
        go_by()
        return real(self, *words)

    ReplicaModule.training_step = step


def _half(go_by):
    """A temporary file of ours of which half is written."""
    real = Path.write_bytes

    def write_bytes(self, content):
        if self.name.endswith(".tmp"):
            if go_by.due():
                real(self, content[: len(content) // 2])
            go_by()
        return real(self, content)

    Path.write_bytes = write_bytes


def _whole(go_by):
    """A temporary file that is whole and has not taken its place yet."""
    real = os.fsync

    def fsync(handle):
        real(handle)
        go_by()

    os.fsync = fsync


def _statement(go_by):
    """A statement of SQL that changes MLflow's database, inside its transaction."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def before(connection, cursor, statement, *_):
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            go_by()

    event.listen(Engine, "before_cursor_execute", before)


def _file(go_by):
    """Any change to the file system below the current folder.

    But for what compilers keep: only the first command of all writes that, so no count would hold.
    """
    changes = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.chmod"}

    def hook(name, words):
        writes = name == "open" and isinstance(words[1], str) and words[1].strip("rbt")
        if writes or name in changes:
            place = str(words[0])
            if not place.startswith("/dev/") and "__pycache__" not in place:
                go_by()

    sys.addaudithook(hook)


POINTS = {"chunk": _chunk, "half": _half, "whole": _whole, "statement": _statement, "file": _file}
