"""The procedure of what helps: networks and optimizers with remedies, watched like plain descent.

Autograd is the engine, Lightning carries it, and descent's instruments read it. A checkpoint holds
the optimizers' states, too.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from depthgauge.config import Experiment
from depthgauge.datasets.prepared import Prepared
from depthgauge.training import descent, pretraining
from depthgauge.training.block import Block, Task
from depthgauge.training.checkpoint import Checkpoint
from depthgauge.training.instruments import Instrument
from depthgauge.training.module import ReplicaModule
from depthgauge.training.remedied_module import RemediedModule, UpdateRatios, give_unit_variance
from depthgauge.training.schedule import probe_steps


def run(task: Task) -> xr.Dataset:
    """Train the task's block, from its checkpoint if there is one; return what was measured."""
    block = task.block
    module = build_module(block, task.data)
    instruments = build_instruments(block.experiment, task.data)
    path = task.folder / "checkpoint.safetensors"
    checkpoint = Checkpoint(path, block.key, instruments, descent.CHECKPOINT_SECONDS)
    callbacks = task.watch(block, {each.axis: sorted(each.steps) for each in instruments})
    preparation = _preparation(task)
    record = descent.train_block(module, block, task.device, checkpoint, callbacks, preparation)
    return record.assign(one_class_error_test=("replica", _one_class_errors(task)))


def _one_class_errors(task: Task) -> NDArray[np.float64]:
    """Return (replica,) the same for each: error of naming the commonest class of the test images.

    Of those images that are looked at: what a net reaches that learned nothing from its inputs.
    """
    labels = task.data.test.labels[: task.block.experiment.evaluation.images or None]
    error = 1 - np.bincount(labels).max() / len(labels)
    return np.full(len(task.block.replicas), error)


def _preparation(task: Task) -> Callable[[ReplicaModule], None] | None:
    """Return what is done to the networks before descent: LSUV, pre-training, or nothing."""
    experiment = task.block.experiment
    if experiment.remedy.unit_variance:
        return partial(give_unit_variance, images=experiment.gradients.images)
    return partial(pretraining.pretrain, task=task) if experiment.pretraining.steps else None


def work(experiment: Experiment, data: Prepared) -> float:
    """Return the floating-point operations of one replica in its matrix products."""
    before = pretraining.work_before(experiment, data)
    return before + descent.work(written_out(experiment), data)


def build_module(block: Block, data: Prepared) -> RemediedModule:
    """Return the block's networks, drawn like plain ones, with their remedies."""
    experiment = block.experiment
    kind = partial(
        RemediedModule,
        remedy=experiment.remedy,
        seeds=block.seeds,
    )
    plain = replace(block, experiment=written_out(experiment))
    module = descent.build_module(plain, data, kind)
    assert isinstance(module, RemediedModule)
    return module


def build_instruments(experiment: Experiment, data: Prepared) -> list[Instrument]:
    """Return descent's instruments and, at the gradients' steps, the update-to-weight ratio."""
    instruments = descent.build_instruments(written_out(experiment), data)
    seen, steps = experiment.gradients, written_out(experiment).steps
    if seen.every and steps:
        instruments.append(UpdateRatios(probe_steps(seen.every, seen.spacing, steps), steps))
    return instruments


def written_out(experiment: Experiment) -> Experiment:
    """Return what is left to descent: the steps after pre-training, which counts among them."""
    return replace(experiment, steps=experiment.steps - experiment.pretraining.steps)
