"""A run's seal: what its points add up to, so that nobody needs to read them all to be sure.

A tag, written after the points. One that is missing or out of date only means reading them.
"""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from depthgauge.tracking.curves import Points
from depthgauge.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities import Run

SEAL = "depthgauge.points"
"""Tag: digest of all points that the run holds."""


def sealed(run: "Run", curves: Points) -> Points | None:
    """Return the points that the run holds, if its seal shows that they are whole curves of these.

    None where it does not show that: they may be right all the same.
    """
    held = {name: curves[name] for name in run.data.metrics if name in curves}
    return held if run.data.tags.get(SEAL) == digest(held) else None


def seal(store: Store, run_id: str, held: Points) -> None:
    """Write down what the run holds now."""
    store.client.set_tag(run_id, SEAL, digest(held))


def digest(curves: Points) -> str:
    """Return 64 hex digits for names, steps and values, bit for bit; not for their order."""
    total = hashlib.sha256()
    for name, (steps, values) in sorted(curves.items()):
        order = np.argsort(steps, kind="stable")
        total.update(f"{name}\n{len(steps)}\n".encode())
        total.update(np.asarray(steps, np.int64)[order].tobytes())
        total.update(np.asarray(values, np.float64)[order].tobytes())
    return total.hexdigest()
