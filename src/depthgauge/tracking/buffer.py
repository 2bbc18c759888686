"""Curves that grow in MLflow while a network trains."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from depthgauge.errors import TrackingError
from depthgauge.tracking.curves import Points, joined
from depthgauge.tracking.errors import as_tracking_errors
from depthgauge.tracking.store import Store
from depthgauge.tracking.write_points import write_points

if TYPE_CHECKING:
    from mlflow.entities import Run

PAUSE_SECONDS = 30.0
"""Between two writings: many points at once cost hardly more than one does."""


class LiveMetrics:
    """Points on their way into a run; an MLflow that fails does not stop the training."""

    def __init__(self, store: Store, run_id: str, warn: Callable[[str], None]) -> None:
        """Write to the run `run_id`; `warn` gets one sentence, once, if that fails."""
        self._store = store
        self._run_id = run_id
        self._warn = warn
        self._run: Run | None = None
        self._waiting: list[Points] = []
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
        try:
            with as_tracking_errors(self._store.uri):
                self._write()
        except TrackingError as error:
            self._pause *= 2  # each attempt at a locked database waits for many seconds
            if not self._failed:
                self._warn(str(error))
            self._failed = True
        self._next = time.monotonic() + self._pause

    def _write(self) -> None:
        if self._run is None:
            self._run = self._store.client.get_run(self._run_id)
        write_points(self._store, self._run, joined(self._waiting))
        self._waiting = []
