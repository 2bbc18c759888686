"""The procedure of most studies: gradient descent, watched by instruments."""

import itertools
import logging
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
import xarray as xr
from lightning_fabric.plugins.environments.lightning import LightningEnvironment

from depthgauge.config import Experiment
from depthgauge.datasets.batches import step_indices
from depthgauge.datasets.prepared import Prepared, Split
from depthgauge.errors import DepthgaugeError
from depthgauge.nets.activations import activation
from depthgauge.nets.costs import cost
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.training.block import Block, Task
from depthgauge.training.bound_probe import BoundTightness, gains
from depthgauge.training.checkpoint import Checkpoint, merged
from depthgauge.training.device import dtype
from depthgauge.training.fixed_output_bias import FixedOutputBias
from depthgauge.training.instruments import Accuracy, GradientNorms, Instrument
from depthgauge.training.jacobians import LayerJacobians
from depthgauge.training.measurements import measurements
from depthgauge.training.module import CHUNK, Descent, Examples, ReplicaModule
from depthgauge.training.output_speed import OutputSpeeds
from depthgauge.training.saturation import ActivationStatistics
from depthgauge.training.schedule import Chunks
from depthgauge.training.signal import GradientStatistics
from depthgauge.training.stream import ShapesetStream
from depthgauge.training.trainer_settings import TrainerSettings
from depthgauge.training.ways import way

CHECKPOINT_SECONDS = 20.0
"""How much work a killed block may lose, or twenty times what a checkpoint takes if that is more.

That of small nets takes milliseconds; a gigabyte takes some seconds.
"""


def run(task: Task) -> xr.Dataset:
    """Train the task's block, from its checkpoint if there is one; return what was measured."""
    learns = task.block.experiment.output_bias
    kind = way(task.block.experiment, task.data, task.device) if learns else FixedOutputBias
    return train(task, build_module(task.block, task.data, kind))


def train(
    task: Task, module: ReplicaModule, prepare: Callable[[ReplicaModule], None] | None = None
) -> xr.Dataset:
    """Train `module`, from its checkpoint or, without one, as `prepare` leaves it."""
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
    for instrument in build_instruments(experiment, data):
        passes += instrument.passes_per_measure() * len(instrument.steps)
    return passes * weights


def build_module(
    block: Block, data: Prepared, kind: Callable[..., ReplicaModule] = ReplicaModule
) -> ReplicaModule:
    """Return the block's networks, freshly drawn, with the examples they learn from.

    `kind` takes what ReplicaModule takes.
    """
    experiment = block.experiment
    features, classes = data.train.images.shape[1], len(data.classes)
    network = ReplicaNetwork(
        [features, *experiment.hidden, classes],
        block.seeds,
        experiment.init,
        dtype(experiment.precision),
    )
    online = experiment.dataset.stream
    stream = ShapesetStream(block.seeds, experiment.batch_size) if online else None
    descent = Descent(
        block.rates,
        experiment.batch_size,
        experiment.steps,
        experiment.l2 / experiment.train_size,
        partial(_order, block.seeds, experiment),
        stream,
        stream.images if stream else 0,
        block.seeds,
    )
    examples = _examples(data.train, experiment, classes, experiment.train_size)
    return kind(
        network, activation(experiment.activation), cost(experiment.cost), examples, descent
    )


def build_instruments(experiment: Experiment, data: Prepared) -> list[Instrument]:
    """Return the callbacks that measure what the experiment asks for."""
    instruments: list[Instrument] = []
    if experiment.gradients.every:
        instruments.append(GradientNorms(experiment.gradients, experiment.steps))
    if experiment.evaluation.every:
        looked_at = experiment.evaluation.images or None
        splits = {
            name: _examples(getattr(data, name), experiment, len(data.classes), looked_at)
            for name in experiment.evaluation.splits
        }
        instruments.append(Accuracy(experiment.evaluation, experiment.steps, splits))
    if experiment.bounds.every:
        slopes = gains(experiment)
        instruments.append(BoundTightness(experiment.bounds, experiment.steps, slopes))
    return [*instruments, *_signal_instruments(experiment, data)]


def _signal_instruments(experiment: Experiment, data: Prepared) -> list[Instrument]:
    """The instruments of Glorot and Bengio's figures."""
    steps, classes = experiment.steps, len(data.classes)
    instruments: list[Instrument] = []
    if (settings := experiment.saturation).every:
        tested = _examples(data.test, experiment, classes, settings.images)
        instruments.append(ActivationStatistics(settings, steps, tested))
    if experiment.signal.every:
        instruments.append(GradientStatistics(experiment.signal, steps))
    if experiment.jacobians.every:
        tested = _examples(data.test, experiment, classes, None)
        instruments.append(LayerJacobians(experiment.jacobians, steps, tested))
    if experiment.output_speed.every:
        instruments.append(OutputSpeeds(experiment.output_speed, steps))
    return instruments


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
    first = checkpoint.restore(module)
    if prepare is not None and not first:
        prepare(module)
    trainer = quiet_trainer(device, [*instruments, *callbacks, checkpoint])
    with warnings.catch_warnings():
        # Manual optimization with the update written out: there is no optimizer to configure.
        warnings.filterwarnings("ignore", ".*configure_optimizers.*returned `None`.*")
        # Lightning 2.6 asks for a torch name that is deprecated; nothing of ours.
        warnings.filterwarnings("ignore", ".*LeafSpec.*is deprecated.*")
        # It asks about Slurm once more as a fit starts; a block needs no srun.
        warnings.filterwarnings("ignore", ".*`srun` command is available.*")
        trainer.fit(module, Chunks(first, module.descent.steps, CHUNK))
    if module.reached != module.descent.steps:
        raise DepthgaugeError(
            f"Lightning's Trainer ended after {module.reached} of {module.descent.steps} steps;"
            " look for what stops it, and repeat the command"
        )
    seen = {instrument.axis: merged(instrument.readings) for instrument in instruments}
    return measurements(module, block.replicas, seen, block.experiment.gradients.window)


def quiet_trainer(device: str, callbacks: list[pl.Callback]) -> pl.Trainer:
    """Return a Trainer for one pass over the chunks.

    It has no files, loggers or banners but those that a TrainerSettings among `callbacks` asks for.
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
        # One process a block, in a Slurm job too, whose signals are not Lightning's to answer.
        plugins=[LightningEnvironment()],
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
