"""The procedure of most studies: gradient descent, watched by instruments."""

import itertools
import logging
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
import xarray as xr
from lightning_fabric.plugins.environments.lightning import LightningEnvironment

from depthgauge.config import Experiment
from depthgauge.datasets.batches import step_indices
from depthgauge.datasets.prepared import Prepared
from depthgauge.errors import DepthgaugeError
from depthgauge.nets.activations import activation
from depthgauge.nets.costs import cost
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.training.block import Block, Task
from depthgauge.training.checkpoint import Checkpoint
from depthgauge.training.device import dtype
from depthgauge.training.engine import Setup
from depthgauge.training.engines import MakeEngine, choose_engine
from depthgauge.training.examples import Examples
from depthgauge.training.instruments import Instrument
from depthgauge.training.measurements import measurements
from depthgauge.training.module import ReplicaModule
from depthgauge.training.probe import merged
from depthgauge.training.quantities import QUANTITIES, Quantity, due_steps
from depthgauge.training.sgd import SGDSettings
from depthgauge.training.stream import ShapesetStream
from depthgauge.training.torch_engine import TorchEngine
from depthgauge.training.trainer_settings import TrainerSettings
from depthgauge.training.updates import Frozen

CHECKPOINT_SECONDS = 20.0
"""How much work a killed block may lose, or twenty times the time of a checkpoint if that is more.

A checkpoint takes milliseconds for small nets, seconds for a gigabyte.
"""


def run(task: Task) -> xr.Dataset:
    """Train the task's block, from its checkpoint if there is one; return what was measured."""
    if task.block.experiment.output_bias:
        kind = choose_engine(task.block.experiment, task.data, task.device)
    else:
        kind = partial(TorchEngine, update=partial(Frozen, output_bias=True))
    return train(task, build_module(task.block, task.data, kind))


def train(
    task: Task,
    module: ReplicaModule,
    prepare: Callable[[ReplicaModule], None] | None = None,
    instruments: Sequence[Instrument] | None = None,
) -> xr.Dataset:
    """Train `module`, from its checkpoint or, without one, as `prepare` leaves it."""
    if instruments is None:
        instruments = build_instruments(task.block.experiment, task.data)
    path = task.folder / "checkpoint.safetensors"
    checkpoint = Checkpoint(path, task.block.key, instruments, CHECKPOINT_SECONDS)
    callbacks = task.watch(task.block, {each.axis: sorted(each.steps) for each in instruments})
    return train_block(module, task.block, task.device, checkpoint, callbacks, prepare)


def work(experiment: Experiment, data: Prepared) -> float:
    """Return the floating-point operations of one replica, counted from the protocol.

    Two per weight and example forward, two back, two for the update or the weight gradient.
    """
    widths = [data.train.images.shape[1], *experiment.hidden, len(data.classes)]
    weights = sum(n_in * n_out for n_in, n_out in itertools.pairwise(widths))
    passes = 6.0 * experiment.steps * experiment.batch_size
    for section, quantity in QUANTITIES.items():
        count = len(due_steps(section, experiment))
        passes += quantity.operations(experiment, data) * count if count else 0
    return passes * weights


def build_module(block: Block, data: Prepared, kind: MakeEngine = TorchEngine) -> ReplicaModule:
    """Return the block's networks, freshly drawn, in an engine that `kind` makes."""
    experiment = block.experiment
    features, classes = data.train.images.shape[1], len(data.classes)
    network = ReplicaNetwork(
        [features, *experiment.hidden, classes],
        block.seeds,
        experiment.init,
        dtype(experiment.precision),
    )
    function, of_outputs = activation(experiment.activation), cost(experiment.cost)
    examples = _examples(data, experiment)
    setup = Setup(network, function, of_outputs, examples, _sgd(block))
    return ReplicaModule(kind(setup), examples.of(data.validation))


def _sgd(block: Block) -> SGDSettings:
    experiment = block.experiment
    online = experiment.dataset.stream
    stream = ShapesetStream(block.seeds, experiment.batch_size) if online else None
    return SGDSettings(
        block.rates,
        experiment.batch_size,
        experiment.steps,
        experiment.l2 / experiment.train_size,
        partial(orders, block.seeds, experiment),
        stream,
        stream.images if stream else 0,
        block.seeds,
    )


def build_instruments(experiment: Experiment, data: Prepared) -> list[Instrument]:
    """Return the callbacks that measure what the experiment asks for."""
    return [
        _instrument(quantity, steps, experiment, data)
        for section, quantity in QUANTITIES.items()
        if (steps := due_steps(section, experiment))
    ]


def _instrument(
    quantity: Quantity, steps: list[int], experiment: Experiment, data: Prepared
) -> Instrument:
    return Instrument(
        quantity.axis, steps, lambda engine: quantity.prepare(engine, experiment, data)
    )


def train_block(
    module: ReplicaModule,
    block: Block,
    device: str,
    checkpoint: Checkpoint,
    callbacks: Sequence[pl.Callback] = (),
    prepare: Callable[[ReplicaModule], None] | None = None,
) -> xr.Dataset:
    """Train the block's `module` on `device`; return what was measured.

    It goes on from the checkpoint if there is one, else starts as `prepare` leaves it.
    """
    instruments = checkpoint.instruments
    if not checkpoint.restore(module) and prepare is not None:
        prepare(module)
    trainer = quiet_trainer(device, [*instruments, *callbacks, checkpoint])
    with warnings.catch_warnings():
        # Lightning 2.6 asks for a torch name that is deprecated; nothing of ours.
        warnings.filterwarnings("ignore", ".*LeafSpec.*is deprecated.*")
        # It asks about Slurm once more as a fit starts; a block needs no srun.
        warnings.filterwarnings("ignore", ".*`srun` command is available.*")
        module.logs = False
        trainer.fit(module)
    if module.reached != module.steps:
        raise DepthgaugeError(
            f"Lightning's Trainer ended after {module.reached} of {module.steps} steps;"
            " look for what stops it, and repeat the command"
        )
    seen = {instrument.axis: merged(instrument.readings) for instrument in instruments}
    return measurements(module, block.replicas, seen, block.experiment.gradients.window)


def quiet_trainer(device: str, callbacks: list[pl.Callback]) -> pl.Trainer:
    """Return a Trainer for one pass over the chunks.

    It writes and prints nothing but what a TrainerSettings among `callbacks` asks for.
    """
    quiet: dict[str, Any] = {
        "log_every_n_steps": 1,  # a batch is a chunk of steps
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    for each in callbacks:
        quiet |= each.arguments if isinstance(each, TrainerSettings) else {}
    level = logging.INFO if quiet.get("profiler") else logging.WARNING  # it prints by logging
    logging.getLogger("pytorch_lightning").setLevel(level)
    return pl.Trainer(
        accelerator={"cuda": "gpu"}.get(device, device),
        devices=1,
        max_epochs=1,
        callbacks=callbacks,
        enable_checkpointing=False,
        **quiet,
        # What studies record is read by their instruments.
        limit_val_batches=0,
        num_sanity_val_steps=0,
        # One process a block, in a Slurm job too, whose signals are not Lightning's to answer.
        plugins=[LightningEnvironment()],
    )


def _examples(data: Prepared, experiment: Experiment) -> Examples:
    """The training examples, and the scale of all others."""
    images, labels = (
        torch.from_numpy(np.ascontiguousarray(each[: experiment.train_size]))
        for each in (data.train.images, data.train.labels)
    )
    scale = experiment.dataset
    return Examples(images, labels, scale.divide, scale.subtract, len(data.classes))


def orders(seeds: Iterable[int], experiment: Experiment, first: int, steps: int) -> np.ndarray:
    """Return the examples (step, seed, example) of the mini-batches from step `first` on."""
    size, count = experiment.batch_size, experiment.train_size
    return np.stack([step_indices(seed, first, steps, size, count) for seed in seeds], axis=1)
