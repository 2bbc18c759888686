"""The points that a run's curves have, and those it lacks: no point is written twice."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from depthgauge.tracking.curves import Points
from depthgauge.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities import Run


def read_history(store: Store, run: "Run") -> Points:
    """Return all points of a run's metrics, by name: steps and values, as they were written."""
    history: Points = {}
    for name in run.data.metrics:
        metrics = store.client.get_metric_history(run.info.run_id, name)
        history[name] = (
            np.array([metric.step for metric in metrics]),
            np.array([metric.value for metric in metrics]),
        )
    return history


def joined(parts: Iterable[Points]) -> Points:
    """Return the points of curves that came in parts, one after the other."""
    pieces: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for part in parts:
        for name, piece in part.items():
            pieces.setdefault(name, []).append(piece)
    return {
        name: (np.concatenate([step for step, _ in each]), np.concatenate([v for _, v in each]))
        for name, each in pieces.items()
    }


def lacking(curves: Points, history: Points) -> Points:
    """Return the points of `curves` at steps that `history` does not have."""
    new: Points = {}
    for name, (steps, values) in curves.items():
        absent = ~np.isin(steps, history[name][0]) if name in history else np.full(len(steps), True)
        if absent.any():
            new[name] = (steps[absent], values[absent])
    return new


def agrees(history: Points, curves: Points) -> bool:
    """Tell whether every point of `history` that bears a name of `curves` is one of theirs."""
    for name in history.keys() & curves.keys():
        wanted = dict(zip(*curves[name], strict=True))
        steps, values = history[name]
        expected = [wanted.get(step, np.nan) for step in steps.tolist()]
        if not np.allclose(values, expected, rtol=1e-6, atol=0):
            return False
    return True


def write_points(store: Store, run_id: str, curves: Points) -> None:
    """Write all points, stamped with the present time."""
    from mlflow.entities import Metric
    from mlflow.utils.validation import MAX_METRICS_PER_BATCH

    now = int(time.time() * 1000)
    metrics = [
        Metric(name, float(value), now, int(step))
        for name, (steps, values) in curves.items()
        for step, value in zip(steps, values, strict=True)
    ]
    for start in range(0, len(metrics), MAX_METRICS_PER_BATCH):
        store.client.log_batch(run_id, metrics[start : start + MAX_METRICS_PER_BATCH])
