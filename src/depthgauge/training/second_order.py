"""The procedure with a step size for each parameter: stochastic diagonal Levenberg-Marquardt."""

from functools import partial

import xarray as xr

from depthgauge.config import Experiment
from depthgauge.datasets.prepared import Prepared
from depthgauge.training import descent
from depthgauge.training.block import Task
from depthgauge.training.diagonal_newton import DiagonalNewton
from depthgauge.training.torch_engine import TorchEngine


def run(task: Task) -> xr.Dataset:
    """Train the task's block with step sizes of its own for every parameter."""
    update = partial(DiagonalNewton, settings=task.block.experiment.step_sizes)
    kind = partial(TorchEngine, update=update)
    return descent.train(task, descent.build_module(task.block, task.data, kind))


def work(experiment: Experiment, data: Prepared) -> float:
    """Return descent's operations, and four a weight and example where curvature is renewed."""
    return descent.work(experiment, data) * (1 + 4 / 6 / experiment.step_sizes.every)
