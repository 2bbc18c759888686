"""The procedure of what helps: networks and optimizers with remedies, watched like plain descent.

Autograd is the engine, Lightning carries it, and descent's instruments read it. A block that is
killed starts again: the optimizers' states are their libraries' own and are not checkpointed.
"""

import math
from dataclasses import replace
from functools import partial

import xarray as xr

from depthgauge.config import Experiment
from depthgauge.datasets.prepared import Prepared
from depthgauge.errors import ConfigError
from depthgauge.nets.remedied import NORMALIZATIONS, function
from depthgauge.training import descent
from depthgauge.training.block import Block, Task
from depthgauge.training.checkpoint import Checkpoint
from depthgauge.training.directions import OPTIMIZERS
from depthgauge.training.instruments import Instrument
from depthgauge.training.remedied_module import RemediedModule, UpdateRatios, give_unit_variance
from depthgauge.training.schedule import probe_steps


def check(experiment: Experiment, data: Prepared) -> None:
    """Raise ConfigError for an unknown name or a combination that does not belong together."""
    function(experiment.activation)
    descent.check(written_out(experiment), data)
    remedy = experiment.remedy
    for key, name, known in (
        ("optimizer", remedy.optimizer, OPTIMIZERS),
        ("normalization", remedy.normalization, NORMALIZATIONS),
    ):
        if name not in known:
            raise ConfigError(f"remedy.{key}={name} is unknown; choose one of {', '.join(known)}")
    if experiment.l2:
        raise ConfigError(
            f"l2={experiment.l2:g} will not do: procedure=remedies has no weight decay; set l2=0"
        )


def run(task: Task) -> xr.Dataset:
    """Train the task's block from its start; return what was measured."""
    block = task.block
    module = build_module(block, task.data)
    instruments = build_instruments(block.experiment, task.data)
    path = task.folder / "checkpoint.safetensors"
    never = Checkpoint(path, block.key, instruments, seconds=math.inf)
    callbacks = task.watch(block, {each.axis: sorted(each.steps) for each in instruments})
    images = block.experiment.gradients.images
    prepare = partial(give_unit_variance, images=images)
    unit = block.experiment.remedy.unit_variance
    return descent.train_block(
        module, block, task.device, never, callbacks, prepare if unit else None
    )


def work(experiment: Experiment, data: Prepared) -> float:
    """Return the floating-point operations of one replica in its matrix products."""
    return descent.work(written_out(experiment), data)


def build_module(block: Block, data: Prepared) -> RemediedModule:
    """Return the block's networks, drawn like plain ones, with their remedies."""
    experiment = block.experiment
    kind = partial(
        RemediedModule,
        remedy=experiment.remedy,
        function=experiment.activation,
        seeds=block.seeds,
    )
    plain = replace(block, experiment=written_out(experiment))
    module = descent.build_module(plain, data, kind)
    assert isinstance(module, RemediedModule)
    return module


def build_instruments(experiment: Experiment, data: Prepared) -> list[Instrument]:
    """Return descent's instruments and, at the gradients' steps, the update-to-weight ratio."""
    instruments = descent.build_instruments(written_out(experiment), data)
    seen, steps = experiment.gradients, experiment.steps
    if seen.every and steps:
        instruments.append(UpdateRatios(probe_steps(seen.every, seen.spacing, steps), steps))
    return instruments


def written_out(experiment: Experiment) -> Experiment:
    """Return the experiment under an activation that descent knows: here autograd has its own."""
    return replace(experiment, activation="tanh")
