"""One grid cell: its blocks of replicas, computed once and kept under their keys.

`.cells/KEY/` holds a block: record.safetensors when it is finished, checkpoint.safetensors while it
runs, timing.json beside the record (never in it: records are bit-reproducible), error.txt when it
failed, and a lock, so that two sweeps never compute the same block twice.
"""

import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytorch_lightning as pl
import torch
from filelock import FileLock, Timeout
from threadpoolctl import threadpool_limits

from depthgauge.config import Config, Experiment, plain
from depthgauge.datasets.prepared import Prepared
from depthgauge.files import write_text
from depthgauge.records import write
from depthgauge.training.block import Block, build_instruments, train_block
from depthgauge.training.checkpoint import Checkpoint
from depthgauge.training.instruments import Instrument
from depthgauge.training.keys import block_key, cell_key

CHECKPOINT_SECONDS = 20.0
"""How much work a killed block may lose; a checkpoint of small nets takes milliseconds."""

Watch = Callable[[Block, Sequence[Instrument]], list[pl.Callback]]
"""(block, its instruments) -> callbacks that show or publish its progress."""


@dataclass(frozen=True)
class Cell:
    """A grid cell with its replica table cut into blocks."""

    experiment: Experiment
    key: str
    blocks: list[Block]


def build_cell(config: Config, data_hash: str, device: str) -> Cell:
    """Cut the replica table of `config` into blocks of `config.replicas`.

    The table runs over seeds, and over rates within a seed, so that asking for more seeds keeps
    every full block. With L2 a block has one rate (the decay is one number of the fused update).
    """
    experiment = config.experiment()
    key = cell_key(experiment, data_hash, device)
    rates, seeds = config.learning_rates(), range(config.seeds)
    groups = [[rate] for rate in rates] if config.l2 else [rates]
    tables = [[(seed, float(rate)) for seed in seeds for rate in group] for group in groups]
    size = config.replicas
    slices = [t[start : start + size] for t in tables for start in range(0, len(t), size)]
    return Cell(experiment, key, [Block(experiment, s, block_key(key, s), key) for s in slices])


def record_path(cells: Path, block: Block) -> Path:
    """Return where the block's record is, or will be."""
    return cells / block.key / "record.safetensors"


def finished(cells: Path, block: Block) -> bool:
    """Return whether the block's record is there; records are written whole or not at all."""
    return record_path(cells, block).exists()


def compute_block(block: Block, data: Prepared, device: str, cells: Path, watch: Watch) -> None:
    """Make sure the block's record exists: train it, go on with it, or wait for who does.

    One thread: the promise that a replica's numbers do not depend on its companions is made for
    one, and a sweep uses the other cores for other cells.
    """
    folder = cells / block.key
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    with threadpool_limits(1), _claimed(folder):
        if finished(cells, block):
            return
        start = time.perf_counter()
        instruments = build_instruments(block.experiment, data)
        checkpoint = Checkpoint(
            folder / "checkpoint.safetensors", block.key, instruments, CHECKPOINT_SECONDS
        )
        write_text(folder / "config.json", json.dumps(plain(block.experiment), indent=1) + "\n")
        callbacks = watch(block, instruments)
        record = train_block(block, data, device, checkpoint, callbacks)
        seconds = time.perf_counter() - start
        timing = {"seconds": seconds, "work": work(block.experiment, data) * len(block.replicas)}
        write_text(folder / "timing.json", json.dumps(timing) + "\n")
        write(record, record_path(cells, block))
        checkpoint.path.unlink(missing_ok=True)


def work(experiment: Experiment, data: Prepared) -> float:
    """Return the floating-point operations of one replica, counted from the protocol.

    Two per weight and example forward, two back, two for the update or the weight gradient.
    """
    widths = [data.train.images.shape[1], *experiment.hidden, len(data.classes)]
    weights = sum(n_in * n_out for n_in, n_out in itertools.pairwise(widths))
    passes = 6.0 * experiment.steps * experiment.batch_size
    for instrument in build_instruments(experiment, data):
        passes += instrument.passes_per_measure() * len(instrument.steps)
    return passes * weights


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
