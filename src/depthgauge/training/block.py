"""Train one block of replicas of a cell, and say what it measured."""

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

import numpy as np
import pytorch_lightning as pl
import torch
import xarray as xr

from depthgauge.config import Experiment, plain
from depthgauge.datasets.batches import step_indices
from depthgauge.datasets.prepared import Prepared, Split
from depthgauge.errors import ConfigError
from depthgauge.nets.activations import activation
from depthgauge.nets.costs import cost
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.training.checkpoint import Checkpoint, merged
from depthgauge.training.instruments import Accuracy, GradientNorms, Instrument
from depthgauge.training.keys import code_digest
from depthgauge.training.measurements import measurements
from depthgauge.training.module import CHUNK, Descent, Examples, ReplicaModule
from depthgauge.training.schedule import Chunks


@dataclass(frozen=True)
class Block:
    """Replicas (seed, learning rate) of one experiment that are computed together."""

    experiment: Experiment
    replicas: list[tuple[int, float]]
    key: str
    cell: str


def check_sizes(experiment: Experiment, data: Prepared) -> None:
    """Raise ConfigError when the experiment asks for more examples than the data set has."""
    if experiment.train_size > len(data.train.labels):
        raise ConfigError(
            f"train_size={experiment.train_size} is more than the {len(data.train.labels)}"
            f" training examples of {data.name}; ask for fewer"
        )


def build_module(block: Block, data: Prepared) -> ReplicaModule:
    """Return the block's networks, freshly drawn, with the examples they learn from."""
    experiment = block.experiment
    features, classes = data.train.images.shape[1], len(data.classes)
    network = ReplicaNetwork(
        [features, *experiment.hidden, classes],
        [seed for seed, _ in block.replicas],
        experiment.init,
        getattr(torch, experiment.precision.value),
    )
    descent = Descent(
        [rate for _, rate in block.replicas],
        experiment.batch_size,
        experiment.steps,
        experiment.l2 / experiment.train_size,
        partial(_order, [seed for seed, _ in block.replicas], experiment),
    )
    examples = _examples(data.train, experiment, classes, experiment.train_size)
    return ReplicaModule(
        network, activation(experiment.activation), cost(experiment.cost), examples, descent
    )


def build_instruments(experiment: Experiment, data: Prepared) -> list[Instrument]:
    """Return the callbacks that measure what the experiment asks for."""
    instruments: list[Instrument] = []
    if experiment.gradients.every:
        instruments.append(GradientNorms(experiment.gradients, experiment.steps))
    if experiment.evaluation.every:
        splits = {
            name: _examples(getattr(data, name), experiment, len(data.classes), None)
            for name in experiment.evaluation.splits
        }
        instruments.append(Accuracy(experiment.evaluation, experiment.steps, splits))
    return instruments


def train_block(
    block: Block,
    data: Prepared,
    device: str,
    checkpoint: Checkpoint,
    callbacks: Sequence[pl.Callback] = (),
) -> xr.Dataset:
    """Train `block` on `device`, from its checkpoint if there is one; return its record."""
    module = build_module(block, data)
    instruments = checkpoint.instruments
    first = checkpoint.restore(module)
    trainer = quiet_trainer(device, [*instruments, *callbacks, checkpoint])
    with warnings.catch_warnings():
        # Manual optimization with the update written out: there is no optimizer to configure.
        warnings.filterwarnings("ignore", ".*configure_optimizers.*returned `None`.*")
        trainer.fit(module, Chunks(first, module.descent.steps, CHUNK))
    return _record(block, data, device, module, instruments)


def quiet_trainer(device: str, callbacks: list[pl.Callback]) -> pl.Trainer:
    """Return a Trainer for one pass over the chunks, without files, loggers or banners."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    return pl.Trainer(
        accelerator={"cuda": "gpu"}.get(device, device),
        devices=1,
        max_epochs=1,
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _examples(split: Split, experiment: Experiment, classes: int, count: int | None) -> Examples:
    scale = experiment.dataset
    images = torch.from_numpy(np.ascontiguousarray(split.images[:count]))
    labels = torch.from_numpy(np.ascontiguousarray(split.labels[:count]))
    return Examples(images, labels, scale.divide, scale.subtract, classes)


def _order(seeds: list[int], experiment: Experiment, first: int, steps: int) -> np.ndarray:
    """Indices (step, replica, example) of the mini-batches from step `first` on."""
    size, count = experiment.batch_size, experiment.train_size
    return np.stack([step_indices(seed, first, steps, size, count) for seed in seeds], axis=1)


def _record(
    block: Block,
    data: Prepared,
    device: str,
    module: ReplicaModule,
    instruments: Sequence[Instrument],
) -> xr.Dataset:
    """What the instruments saw, and where it came from."""
    attrs = {
        "key": block.key,
        "cell": block.cell,
        "config": plain(block.experiment),
        "data": {"name": data.name, "hash": data.hash},
        "code": code_digest(),
        "device": device,
        "versions": {name: version(name) for name in ("depthgauge", "torch", "numpy")},
    }
    seen = {instrument.axis: merged(instrument.readings) for instrument in instruments}
    window = block.experiment.gradients.window
    return measurements(module, block.replicas, seen, window).assign_attrs(attrs)
