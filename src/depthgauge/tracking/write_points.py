"""Writing points so that each is in MLflow once, however often it is written.

MLflow's database ignores a point whose key, step, value and timestamp it has. So a point's
timestamp follows from its run and its step, and points are written without being read first.
"""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from depthgauge.tracking.curves import Points
from depthgauge.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities import Run

DIGEST = "depthgauge.points"
"""Tag: digest of the points of the record that the run holds."""


def write_points(store: Store, run: "Run", curves: Points) -> None:
    """Write all points, stamped with the run's start and, in milliseconds, their step."""
    from mlflow.entities import Metric
    from mlflow.utils.validation import MAX_METRICS_PER_BATCH

    start = run.info.start_time or 0
    metrics = [
        Metric(name, float(value), start + int(step), int(step))
        for name, (steps, values) in curves.items()
        for step, value in zip(steps, values, strict=True)
    ]
    for first in range(0, len(metrics), MAX_METRICS_PER_BATCH):
        batch = metrics[first : first + MAX_METRICS_PER_BATCH]
        store.client.log_batch(run.info.run_id, batch)


def digest(curves: Points) -> str:
    """Return 64 hex digits for names, steps and values, bit for bit; not for their order."""
    total = hashlib.sha256()
    for name, (steps, values) in sorted(curves.items()):
        order = np.argsort(steps, kind="stable")
        total.update(f"{name}\n{len(steps)}\n".encode())
        total.update(np.asarray(steps, np.int64)[order].tobytes())
        total.update(np.asarray(values, np.float64)[order].tobytes())
    return total.hexdigest()
