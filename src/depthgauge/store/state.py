"""The state of blocks in .cells: done, running, failed, stopped or to do.

Nothing here imports torch, so that it is quick.
"""

import fcntl
import json
import os
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path

from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open

from depthgauge.completeness import shortfall
from depthgauge.config import Experiment

CELLS = Path(".cells")
"""Finished and running blocks, below the project's root, which is the current folder by then."""


KEY = "[0-9a-f]" * 32
"""The name of a block's folder, as a glob; .cells holds sweeps and plans, too."""


class State(StrEnum):
    """The state of a block."""

    done = "done"
    running = "running"
    failed = "failed"
    stopped = "stopped"
    """It was started; the next run continues from its last checkpoint."""
    to_do = "to do"


@dataclass(frozen=True)
class BlockState:
    """A block as its folder shows it."""

    state: State
    step: int = 0
    """Steps in its last checkpoint, which is up to a minute old."""
    reason: str = ""
    """Why it failed."""


def inspect(folder: Path) -> BlockState:
    """Return the state of the block in `folder`; one without a folder is to do."""
    if not folder.is_dir():
        return BlockState(State.to_do)
    record = folder / "record.safetensors"
    missing = shortfall(record) if record.exists() else ""
    if record.exists() and not missing:
        return BlockState(State.done)
    step = _checkpointed(folder / "checkpoint.safetensors")
    if held(folder):
        return BlockState(State.running, step)
    if missing:
        return BlockState(State.failed, step, f"its record lacks steps ({missing})")
    trouble = folder / "error.txt"
    if trouble.exists():
        return BlockState(State.failed, step, trouble.read_text(encoding="utf-8").strip())
    return BlockState(State.stopped, step)


def held(folder: Path) -> bool:
    """Return whether a process computes the block in `folder` now.

    The kernel frees the lock of a killed process, so a stale lock file does not mislead.
    """
    path = folder / "lock"
    if not path.exists():  # FileLock would create it
        return False
    if not os.access(path, os.W_OK):  # a read-only project: FileLock cannot open it
        return _read_lock_refused(path)
    try:
        with FileLock(path, timeout=0):
            return False
    except (Timeout, OSError):
        return True


def _read_lock_refused(path: Path) -> bool:
    """Return whether a lock file that can only be read is held, by asking for a shared lock."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
        except OSError:
            return True


def of_earlier_version(folder: Path) -> bool:
    """Return whether the block in `folder` was trained by a version with fewer settings."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return bool({each.name for each in fields(Experiment)} - set(config))
    except (OSError, ValueError, TypeError):
        return False


def size(folder: Path) -> int:
    """Return the bytes of the files in `folder`; one that vanishes meanwhile counts nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size
        except FileNotFoundError:
            continue
    return total


def _checkpointed(path: Path) -> int:
    """Return the steps done in the checkpoint at `path`; 0 if there is none that can be read."""
    try:
        with safe_open(path, framework="numpy") as file:
            return int(json.loads((file.metadata() or {})["depthgauge"])["step"])
    except (SafetensorError, OSError, ValueError, KeyError, TypeError):
        return 0


def assembled_keys(build: Path) -> frozenset[str]:
    """Return the keys of all blocks in the records of `build`; a damaged record counts none."""
    return frozenset(key for path in build.glob("*/*.safetensors") for key in _keys_in(path))


def _keys_in(path: Path) -> list[str]:
    try:
        with safe_open(path, framework="numpy") as file:
            return json.loads((file.metadata() or {})["depthgauge"])["attrs"]["keys"]
    except (SafetensorError, OSError, ValueError, KeyError, TypeError):
        return []
