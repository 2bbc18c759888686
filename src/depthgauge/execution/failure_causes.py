"""Why a cell did not finish: what its process wrote, or how processes ended."""

import re
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

from depthgauge.planning.slurm import gave_up
from depthgauge.store.state import CELLS, State, inspect
from depthgauge.training.block import Block

KILLED = "SIGKILL"
"""What Linux sends when memory runs out; a user or a batch system may send it, too."""


@dataclass
class Endings:
    """How worker processes of a launcher ended early, in joblib's words; empty if none did."""

    signals: tuple[str, ...] = ()
    broken: bool = False


WORKER_REPLACED = "A worker stopped while some jobs were given to the executor"
"""How loky's warning begins.

It replaces a worker that holds 300 MB more than after its first cell, which a second data set, or a
library that only a later cell needs, may explain. The cells it finished are on the disk."""


@contextmanager
def watched_workers() -> Iterator[Endings]:
    """Record how a launcher's processes or jobs ended early; the sweep continues without them."""
    endings = Endings()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", WORKER_REPLACED)
            yield endings
    except RuntimeError as error:
        if gave_up(error):
            return
        if not isinstance(error, BrokenProcessPool):
            raise
        endings.broken = True
        found = re.findall(r"\b(SIG[A-Z]+)\(-\d+\)|\bEXIT\((\d+)\)", str(error))
        endings.signals = tuple(name or f"exit code {code}" for name, code in found)


def cause(blocks: Sequence[Block], endings: Endings, logs: str = "") -> str:
    """Return why the first of a cell's blocks that is not done is not.

    `logs` is where a batch system's jobs leave what they print.
    """
    seen = [inspect(CELLS / block.key) for block in blocks]
    reasons = [each.reason for each in seen if each.reason]
    if reasons:
        return reasons[0]
    if any(each.state is State.running for each in seen):
        return "another process computes it"
    begun = any(each.state is State.stopped for each in seen)
    if logs:
        ended = (
            "its job was cancelled or killed" if begun else "its job never started, or was killed"
        )
        return f"{ended}; what it printed is in {logs}"
    if not endings.broken:
        return "it ended without a record and without an error" if begun else "it was not started"
    if not begun:
        return f"it was not started because a worker process ended{_by(endings)}"
    return f"its worker process ended{_by(endings)}"


def _by(endings: Endings) -> str:
    if not endings.signals:
        return " for an unknown reason"
    memory = " (often: out of memory)" if KILLED in endings.signals else ""
    return f" by {', '.join(dict.fromkeys(endings.signals))}{memory}"
