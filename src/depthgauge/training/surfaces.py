"""The procedure of Fig. 5: no training, the cost of random small nets over two weights."""

import numpy as np
import xarray as xr

from depthgauge.config import Experiment
from depthgauge.datasets.prepared import Prepared
from depthgauge.nets.initializers import initial_layer
from depthgauge.probes.cost_surface import surface
from depthgauge.training.block import Task

SIGNAL_STREAM = 2
"""Sets the random signals apart from initial weights and orders of the same seed."""

COSTS = ("nll", "softmax_quadratic")


def run(task: Task) -> xr.Dataset:
    """Return both costs and their slopes over the two weights, for each seed."""
    experiment = task.block.experiment
    settings = experiment.surface
    values = np.linspace(-settings.span, settings.span, settings.points)
    found: dict[str, list[np.ndarray]] = {}
    for seed in task.block.seeds:
        weights, x, y = _drawn(experiment, seed)
        for cost in COSTS:
            value, slope = surface(cost, weights, x, y, values)
            found.setdefault(f"surface_{cost}", []).append(value)
            found.setdefault(f"slope_{cost}", []).append(slope)
    axes = ("replica", "first_weight", "second_weight")
    variables = {name: (axes, np.stack(each).astype(np.float32)) for name, each in found.items()}
    return xr.Dataset(
        {**variables, "diverged_at": ("replica", np.full(len(task.block.seeds), -1))},
        {
            "seed": ("replica", np.array(task.block.seeds)),
            "learning_rate": ("replica", np.array(task.block.rates)),
            "first_weight": values,
            "second_weight": values,
        },
    )


def work(experiment: Experiment, data: Prepared) -> float:
    """Return the floating-point operations: some 20 an output, example, grid point and cost."""
    points, outputs = experiment.surface.points**2, experiment.surface.classes
    return 20.0 * len(COSTS) * points * outputs * experiment.batch_size


def _drawn(
    experiment: Experiment, seed: int
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray, np.ndarray]:
    """A seed's initial weights, Gaussian inputs and uniform classes, one-hot."""
    features, classes = experiment.surface.features, experiment.surface.classes
    (width,) = experiment.hidden
    first, _ = initial_layer(experiment.init, seed, 1, features, width)
    second, _ = initial_layer(experiment.init, seed, 2, width, classes)
    stream = np.random.SeedSequence(entropy=seed, spawn_key=(SIGNAL_STREAM,))
    random = np.random.Generator(np.random.Philox(stream))
    x = random.standard_normal((experiment.batch_size, features))
    return (first, second), x, np.eye(classes)[random.integers(classes, size=len(x))]
