"""The procedure of networks and optimizers with remedies, measured like plain descent.

Autograd is the engine, Lightning carries it, and descent's instruments read it. A checkpoint holds
the optimizers' states, too.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from depthgauge.config import Experiment, Remedy
from depthgauge.datasets.prepared import Prepared
from depthgauge.nets.remedied import RemediedNetwork, scale_to_unit_variance
from depthgauge.training import descent, pretraining
from depthgauge.training.block import Block, Task
from depthgauge.training.directions import SECOND_ORDER
from depthgauge.training.engine import Engine, Setup
from depthgauge.training.instruments import Instrument
from depthgauge.training.library_optimizer import LibraryOptimizer, norm
from depthgauge.training.module import ReplicaModule
from depthgauge.training.passes import Autograd
from depthgauge.training.probe import Measure
from depthgauge.training.quantities import due_steps
from depthgauge.training.torch_engine import TorchEngine


def run(task: Task) -> xr.Dataset:
    """Train the task's block, from its checkpoint if there is one; return what was measured."""
    module = build_module(task.block, task.data)
    instruments = build_instruments(task.block.experiment, task.data)
    record = descent.train(task, module, _preparation(task), instruments)
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


def build_module(block: Block, data: Prepared) -> ReplicaModule:
    """Return the block's networks, drawn like plain ones, with their remedies."""
    experiment = block.experiment
    kind = partial(remedied_engine, remedy=experiment.remedy)
    plain = replace(block, experiment=written_out(experiment))
    return descent.build_module(plain, data, kind)


def remedied_engine(plain: Setup, remedy: Remedy) -> TorchEngine:
    """Return an engine of the networks with their remedies."""
    network = RemediedNetwork(
        plain.network, plain.activation, remedy.normalization, remedy.residual
    )
    passes = Autograd(network, plain.cost, remedy.optimizer in SECOND_ORDER)
    update = partial(LibraryOptimizer, remedy=remedy)
    return TorchEngine(replace(plain, network=network), update=update, passes=passes)


def build_instruments(experiment: Experiment, data: Prepared) -> list[Instrument]:
    """Return descent's instruments and, at the gradients' steps, the update-to-weight ratio.

    Not after the last step, when no update is to come.
    """
    left = written_out(experiment)
    instruments = descent.build_instruments(left, data)
    steps = [step for step in due_steps("gradients", left) if step < left.steps]
    if steps:
        instruments.append(Instrument("update_step", steps, update_ratios))
    return instruments


def update_ratios(engine: Engine) -> Measure:
    """Per layer: the norm of the step about to be made over the norm of the weights."""
    update = engine.get_submodule("update")
    assert isinstance(update, LibraryOptimizer)

    def measure() -> dict[str, Tensor]:
        pairs = zip(engine.network.weights, update.moves(), strict=False)
        ratios = [(norm(move) / norm(w)).to(w.dtype).view(-1) for w, move in pairs]
        return {"update_ratio": torch.stack(ratios, dim=1)}

    return measure


def give_unit_variance(module: ReplicaModule, images: int) -> None:
    """Prepare the networks by LSUV on the first training images, before any step."""
    network = module.network
    assert isinstance(network, RemediedNetwork)
    x, _ = module.engine.examples.take(slice(images), network.weights[0])
    scale_to_unit_variance(network, x.expand(module.replicas, -1, -1))


def written_out(experiment: Experiment) -> Experiment:
    """Return what is left to descent: the steps after pre-training, which counts among them."""
    return replace(experiment, steps=experiment.steps - experiment.pretraining.steps)
