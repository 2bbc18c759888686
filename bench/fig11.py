"""Glorot and Bengio's Fig. 11 as far as the time allows: test error on the Shapeset stream.

Each model is trained toward the published 2.5 million updates, a leg at a time, from its checkpoint
on. The record of a model ends at its last evaluation, and is that of a training of so many updates:
steps, order and images do not depend on how many are to come.
"""

import gc
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import xarray as xr
from first_run_parts import Run

from depthgauge.config import Dataset, Evaluation, Experiment, Gradients, Precision
from depthgauge.datasets.prepared import Prepared, Split, assemble
from depthgauge.datasets.shapeset import CLASSES, shapeset
from depthgauge.datasets.shapeset_polygons import SIZE
from depthgauge.datasets.shapeset_splits import SPLITS, STREAM
from depthgauge.records import read, write
from depthgauge.training.block import Block
from depthgauge.training.cell import provenance
from depthgauge.training.checkpoint import Checkpoint
from depthgauge.training.chunk_callback import ChunkCallback
from depthgauge.training.descent import build_instruments, build_module, train_block
from depthgauge.training.device import set_products
from depthgauge.training.keys import block_key, cell_key
from depthgauge.training.measurements import measurements
from depthgauge.training.module import ReplicaModule
from depthgauge.training.probe import Readings, merged
from depthgauge.training.schedule import Chunk
from depthgauge.training.settings import as_read


class Model(NamedTuple):
    """A curve of Fig. 11."""

    activation: str
    init: str
    depth: int
    rate: float


MODELS = {
    "sigmoid_4": Model("sigmoid", "glorot_standard", 4, 0.1),
    "sigmoid": Model("sigmoid", "glorot_standard", 5, 0.1),
    "tanh": Model("tanh", "glorot_standard", 5, 0.02),
    "tanh_n": Model("tanh", "glorot_normalized", 5, 0.02),
    "softsign": Model("softsign", "glorot_standard", 5, 0.02),
    "softsign_n": Model("softsign", "glorot_normalized", 5, 0.02),
}
"""Rates: conf/study/glorot_saturation.yaml, for the same nets of 1,000 units on the same stream
(docs/deviations.md says why); softsign_n, which that page lacks, has softsign's. The rates chosen
by glorot_error at scale quick are those of nets of 100 units."""

READINGS = (1e6, 5e6, 1e7, 2.5e7)
"""Examples at which Fig. 11 is read (docs/claims.md)."""


@dataclass(frozen=True)
class Sizes:
    """How much of it."""

    width: int
    seeds: int
    every: int
    """Updates between two evaluations."""
    legs: Sequence[int]
    """Updates after which the next model has its turn; the last is the end."""
    images: int | None
    """Of each split; None: all."""
    least: float
    """Seconds that a turn takes at least to be of use."""


LEGS = (10_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 1_500_000, 2_500_000)
SIZES = {
    "cuda": Sizes(1000, 3, 10_000, LEGS, None, 6.0),
    "cpu": Sizes(8, 1, 50, (100, 300), 60, 0.0),
}


class Paused(Exception):
    """The turn is over; the checkpoint is written."""


class Turn(ChunkCallback):
    """Ends a training after so many updates, or at a time, with its checkpoint written."""

    def __init__(self, checkpoint: Checkpoint, leg: int, until: float) -> None:
        """Stop at `leg` updates or at `until`, seconds since the epoch."""
        self.checkpoint, self.leg, self.until = checkpoint, leg, until

    def after_chunk(self, module: ReplicaModule, chunk: Chunk, read: dict[str, Readings]) -> None:
        """Stop one chunk late: the networks after `leg` updates are evaluated as it begins."""
        over = chunk.stop > self.leg or time.time() >= self.until
        if over and chunk.stop < module.steps:
            self.checkpoint.write(module, chunk.stop)
            raise Paused


def train_models(run: Run, out: Path) -> bool:
    """Train all models leg by leg until the time is over; return whether none failed.

    The time that is left is shared by the models whose turn of this leg is still to come.
    """
    sizes = SIZES[run.device]
    data = splits(run.device, sizes.images)
    for leg in sizes.legs:
        enough = min(leg + 1, sizes.legs[-1])  # a turn ends past its leg, the last one at it
        waiting = [n for n in MODELS if updates(out, n) < enough and not run.given_up(n)]
        for at, name in enumerate(waiting):
            now = time.time()
            until = now + (run.until - now) / (len(waiting) - at)
            if until - now <= sizes.least:
                return not any(map(run.given_up, MODELS))
            turn = partial(train_model, name, leg, until, run.device, data, out)
            run.do(name, turn)
    return not any(map(run.given_up, MODELS))


def train_model(
    name: str, leg: int, until: float, device: str, data: Prepared, out: Path
) -> dict[str, Any]:
    """Train to `leg` updates or until the time is over; write the record, return what it says."""
    block = block_of(name, device, data)
    instruments = build_instruments(block.experiment, data)
    folder = out.with_name(f"{out.name}-checkpoints")
    folder.mkdir(exist_ok=True)
    checkpoint = Checkpoint(folder / f"{name}.safetensors", block.key, instruments, 20.0)
    gc.collect()  # a finished turn's module and trainer refer to each other
    if device == "cuda":
        torch.cuda.empty_cache()
    set_products(Precision.float32, device)
    module = build_module(block, data)
    with suppress(Paused):
        train_block(module, block, device, checkpoint, [Turn(checkpoint, leg, until)])
    seen = {each.axis: merged(each.readings) for each in instruments}
    whole = measurements(module, block.replicas, seen, block.experiment.gradients.window)
    record = up_to_last_evaluation(whole, block, data, device)
    record.attrs |= identity_of(name, module.reached, device)
    path = record_path(out, name)
    path.parent.mkdir(exist_ok=True)
    write(record, path)
    return {"updates": module.reached, "rate": MODELS[name].rate, "test_error": errors(record)}


def block_of(name: str, device: str, data: Prepared) -> Block:
    """Return the model's seeds, to be trained for all of the published updates."""
    model, sizes = MODELS[name], SIZES[device]
    experiment = Experiment(
        dataset=Dataset("shapeset", 127.5, 1.0, stream=True),
        hidden=[sizes.width] * model.depth,
        activation=model.activation,
        init=model.init,
        cost="nll",
        train_size=len(data.train.labels),
        steps=sizes.legs[-1],
        gradients=Gradients(every=0),
        evaluation=Evaluation(sizes.every, ["validation", "test"]),
    )
    return keyed(experiment, [(seed, model.rate) for seed in range(sizes.seeds)], data, device)


def keyed(
    experiment: Experiment, replicas: list[tuple[int, float]], data: Prepared, device: str
) -> Block:
    """Return the block under the key that `depthgauge train` would give it."""
    experiment = as_read(experiment)
    cell = cell_key(experiment, data.hash, device)
    return Block(experiment, replicas, block_key(cell, replicas), cell)


def up_to_last_evaluation(
    whole: xr.Dataset, block: Block, data: Prepared, device: str
) -> xr.Dataset:
    """Return the measurements as the record of a training that ends at its last evaluation."""
    last = int(whole.evaluation_step[-1])
    ended = keyed(replace(block.experiment, steps=last), block.replicas, data, device)
    diverged = whole.diverged_at.where(whole.diverged_at <= last, -1)
    return whole.assign(diverged_at=diverged).assign_attrs(provenance(ended, data, device))


def identity_of(name: str, reached: int, device: str) -> dict[str, Any]:
    """Return what the record of a cell says beside its provenance (docs/records.md).

    `updates`: how many the checkpoint has, which may be more than the record shows.
    """
    return {
        "study": "gpu_first_run",
        "scale": "paper" if device == "cuda" else "smoke",
        "label": f"dataset=shapeset, model={name}",
        "axes": {"dataset": "shapeset", "model": name},
        "position": list(MODELS).index(name),
        "updates": reached,
    }


def record_path(out: Path, name: str) -> Path:
    """Return where a model's record is, or will be."""
    return out / "records" / f"{list(MODELS).index(name):03d}.safetensors"


def updates(out: Path, name: str) -> int:
    """Return how many updates a model has had."""
    path = record_path(out, name)
    return read(path).attrs["updates"] if path.is_file() else 0


def errors(record: xr.Dataset) -> dict[str, list[float]]:
    """Return the test error in percent, seed by seed, by examples: at Fig. 11's readings, and last.

    A reading lies at an evaluation, since these are every 10,000 updates.
    """
    size = record.attrs["config"]["batch_size"]
    examples = (record.evaluation_step.to_numpy() * size).tolist()
    shown = [each for each in examples if each in READINGS or each == examples[-1]]
    error = 100 * (1 - record.accuracy_test.to_numpy())
    return {f"{each}": np.round(error[:, examples.index(each)], 2).tolist() for each in shown}


def splits(device: str, count: int | None) -> Prepared:
    """Return Shapeset as `depthgauge prepare` does, drawn on `device`: the same bytes."""
    made = {}
    for name, (first, whole) in SPLITS.items():
        numbers = torch.arange(first, first + (count or whole), device=device)
        images, labels = shapeset(STREAM, numbers)
        made[name] = Split(images.cpu().numpy(), labels.cpu().numpy())
    return assemble("shapeset", (SIZE, SIZE), CLASSES, made)
