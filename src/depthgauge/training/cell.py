"""One grid cell: its blocks of replicas, computed once and stored under their keys.

`.cells/KEY/` holds a block: record.safetensors when it is finished, checkpoint.safetensors while it
runs (pretraining.safetensors before that), timing.json beside the record (never in it: records are
bit-reproducible), error.txt when it failed, and a lock, so that two sweeps never compute the same
block twice.
"""

import gc
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import xarray as xr
from filelock import FileLock, Timeout
from threadpoolctl import threadpool_limits

from depthgauge.completeness import AXES, missing_steps, shortfall
from depthgauge.config import Config, Experiment, plain
from depthgauge.datasets.prepared import Prepared, identity
from depthgauge.errors import DepthgaugeError
from depthgauge.files import write_text
from depthgauge.records import read, write
from depthgauge.training.block import Block, Task, Watch
from depthgauge.training.device import gpu, set_products
from depthgauge.training.environment import require_neutral_environment
from depthgauge.training.keys import block_key, cell_key, code_digest, installed, user_code
from depthgauge.training.parts import compute_in_parts
from depthgauge.training.procedures import Procedure, procedure
from depthgauge.training.settings import as_read

PARTS = "parts"
"""Subfolder for the parts of a block that are computed one after another."""


@dataclass(frozen=True)
class Cell:
    """A grid cell with its replica table cut into blocks."""

    experiment: Experiment
    key: str
    blocks: list[Block]


def build_cell(config: Config, data_hash: str, device: str) -> Cell:
    """Cut the replica table of `config` into blocks of `config.block_size(device)`.

    The table runs over seeds, and over rates within a seed, so that asking for more seeds keeps
    every full block; a last, partial one becomes another block and is computed anew. Keys that the
    procedure does not read are at their defaults. With L2 a block has one rate (the decay is one
    number of the fused update).
    """
    experiment = as_read(config.experiment())
    key = cell_key(experiment, data_hash, device)
    rates, seeds = config.learning_rates(), range(config.seeds)
    groups = [[rate] for rate in rates] if experiment.l2 else [rates]
    tables = [[(seed, float(rate)) for seed in seeds for rate in group] for group in groups]
    size = config.block_size(device)
    slices = [t[start : start + size] for t in tables for start in range(0, len(t), size)]
    return Cell(experiment, key, [Block(experiment, s, block_key(key, s), key) for s in slices])


def record_path(cells: Path, block: Block) -> Path:
    """Return where the block's record is, or will be."""
    return cells / block.key / "record.safetensors"


def finished(cells: Path, block: Block) -> bool:
    """Return whether the block's record is there and holds its training up to the last step."""
    path = record_path(cells, block)
    return path.exists() and not shortfall(path)


def compute_block(block: Block, data: Prepared, device: str, cells: Path, watch: Watch) -> None:
    """Make sure the block's record exists: compute it, resume it, or wait for another process.

    Uses one thread: only then do a replica's numbers not depend on the other replicas of its block.
    A sweep uses the other cores for other cells.
    """
    folder = cells / block.key
    require_neutral_environment()
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    with threadpool_limits(1), _claimed(folder):
        if finished(cells, block):
            return
        _remove_incomplete(record_path(cells, block))
        write_text(folder / "config.json", json.dumps(plain(block.experiment), indent=1) + "\n")
        start = time.perf_counter()
        does = procedure(block.experiment.procedure)
        record = _computed(Task(block, data, device, folder, watch), does)
        seconds = time.perf_counter() - start
        operations = does.work(block.experiment, data) * len(block.replicas)
        timing = json.dumps({"seconds": seconds, "work": operations})
        write_text(folder / "timing.json", timing + "\n")
        record = record.assign_attrs(provenance(block, data, device))
        _require_complete(record)
        write(record, record_path(cells, block))
        for state in ("checkpoint", "pretraining"):
            (folder / f"{state}.safetensors").unlink(missing_ok=True)
        shutil.rmtree(folder / PARTS, ignore_errors=True)


def _remove_incomplete(path: Path) -> None:
    """Remove a record that lacks steps, with a message."""
    if path.exists():
        print(f"depthgauge: {path} lacks steps ({shortfall(path)}); removed", file=sys.stderr)
        path.unlink()


def _require_complete(record: xr.Dataset) -> None:
    """Raise DepthgaugeError, before anything is kept, for a training that ended early."""
    axes = {n: record[n].values.tolist() for n in map(str, record.coords) if n.endswith(AXES)}
    if missing := missing_steps(record.attrs["config"], axes):
        raise DepthgaugeError(
            f"training ended early ({missing}), so nothing is kept; look for what stops Lightning's"
            " Trainer, and repeat the command"
        )


def _computed(task: Task, does: Procedure) -> xr.Dataset:
    set_products(task.block.experiment.precision, task.device)
    parts = task.folder / PARTS
    # a finished block's module and trainer refer to each other, and would take up a GPU's memory
    gc.collect()
    if task.device == "cuda":
        torch.cuda.empty_cache()

    def part(block: Block) -> xr.Dataset:
        compute_block(block, task.data, task.device, parts, task.watch)
        return read(record_path(parts, block))

    return compute_in_parts(task, does.run, part)


def provenance(block: Block, data: Prepared, device: str) -> dict[str, Any]:
    """Return the attributes that say where a block's record came from."""
    return {
        "key": block.key,
        "cell": block.cell,
        "config": plain(block.experiment),
        "data": identity(data),
        "code": code_digest(block.experiment.procedure),
        "user_code": user_code(block.experiment),
        "device": device,
        **gpu(block.experiment.precision, device),
        "versions": {name: installed(name) for name in ("depthgauge", "torch", "numpy")},
    }


@contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    """Hold the block's lock; say so when another process has it, and wait for that one."""
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"waiting for another process that computes {folder.name}", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
