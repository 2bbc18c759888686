"""Curves that grow in MLflow while a network trains."""

import time
from collections.abc import Callable

from depthgauge.errors import TrackingError
from depthgauge.tracking.curves import Points
from depthgauge.tracking.digest import seal
from depthgauge.tracking.errors import told
from depthgauge.tracking.store import Store
from depthgauge.tracking.sync import joined, lacking, read_history, write_points

PAUSE_SECONDS = 30.0
"""Between two writings: many points at once cost hardly more than one does."""


class LiveMetrics:
    """Points on their way into a run; a diary that fails does not stop the training."""

    def __init__(self, store: Store, run_id: str, warn: Callable[[str], None]) -> None:
        """Write to the run `run_id`; `warn` gets one sentence, once, if that fails."""
        self._store = store
        self._run_id = run_id
        self._warn = warn
        self._waiting: list[Points] = []
        self._history: Points | None = None  # what the run holds; None: to be read (again)
        self._pause = PAUSE_SECONDS
        self._next = time.monotonic() + self._pause
        self._failed = False

    def add(self, curves: Points) -> None:
        """Take the points of a chunk of steps; to be called after every chunk, also with none.

        Steps that the run already has, from before an interruption, are not written again.
        """
        self._waiting.append(curves)
        if time.monotonic() >= self._next:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        self._attempt(self._write)

    def end(self) -> None:
        """Write what is waiting, and the run's seal: nobody needs to read all these points."""
        self._attempt(self._write_and_seal)

    def _attempt(self, write: Callable[[], None]) -> None:
        try:
            with told(self._store.uri):
                write()
        except TrackingError as error:
            self._pause *= 2  # each attempt at a locked database waits for many seconds
            if not self._failed:
                self._warn(str(error))
            self._failed = True
        self._next = time.monotonic() + self._pause

    def _write(self) -> None:
        held = self._history
        if held is None:
            held = read_history(self._store, self._store.client.get_run(self._run_id))
        new = lacking(joined(self._waiting), held)
        self._history = None  # whatever ends this, SIGTERM too, a part may have been written
        write_points(self._store, self._run_id, new)
        self._history, self._waiting = joined([held, new]), []

    def _write_and_seal(self) -> None:
        self._write()
        seal(self._store, self._run_id, self._history or {})
