"""Synthetic records of the study of remedies: nets that remedies help, and nets left alone."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import xarray as xr

from depthgauge.config import Evaluation, Experiment, plain
from depthgauge.studies.remedies.register import BUDGET, REMEDIES

RATES = (0.01, 0.1, 1.0)

KEYS = {
    "normalized": {"activation": "tanh", "init": "glorot_normalized"},
    "he": {"activation": "relu", "init": "he"},
}
TANH = {"activation": "tanh", "init": "glorot_standard"}
"""What two of the models change; the others say tanh and the standard init."""


@dataclass(frozen=True)
class World:
    """What is true of the nets, before noise."""

    remedied: float
    """Test error in percent of a deep net with a remedy."""
    plain: tuple[float, float]
    """That of a plain net of 5 and of 20 hidden layers."""
    gain: float
    """Initial weight gradients with a remedy over plain ones, and of plain ones over ReLU's."""
    spread: float
    """Largest over smallest update ratio of a net with a remedy; of plain ones 40 in all worlds."""
    best: int = 1
    """Which rate is best."""


HELPED = World(remedied=20, plain=(25, 89), gain=100, spread=1.1)
USELESS = World(remedied=60, plain=(50, 40), gain=0.5, spread=60)


@cache
def cell(world, model, depth, seeds=20, steps=BUDGET):
    """Three rates, of which one is best by ten points; seeds differ by a tenth of a point."""
    random = np.random.default_rng(len(model) + depth)
    seed = np.repeat(np.arange(seeds), len(RATES))
    rate = np.tile(RATES, seeds)
    deep = world.plain[depth == 20] if model == "plain" else world.remedied
    final = deep + 10 * (rate != RATES[world.best]) * (deep < 80) + random.normal(0, 0.1, len(seed))
    accuracy = 1 - np.stack([np.full(len(seed), 90.0), final], axis=1) / 100
    signal = {"plain": 1.0, "relu": 1 / world.gain}.get(model, world.gain)
    shape = (len(seed), 2, depth + 1)
    norms = np.broadcast_to(signal * np.exp(0.1 * random.normal(size=(seeds, 1, 1))), (seeds, 2, 1))
    ratios = np.full(shape, 1e-3)
    ratios[..., 3] *= 40 if model == "plain" else world.spread
    return xr.Dataset(
        {
            "accuracy_validation": (("replica", "evaluation_step"), accuracy),
            "accuracy_test": (("replica", "evaluation_step"), accuracy),
            **{
                name: (
                    ("replica", "gradient_step", "layer"),
                    np.broadcast_to(np.repeat(norms, len(RATES), axis=0), shape).copy(),
                )
                for name in ("weight_gradient_norm", "delta_rms")
            },
            "update_ratio": (
                ("replica", "update_step", "layer"),
                ratios * np.exp(0.01 * random.normal(size=shape)),
            ),
            "diverged_at": ("replica", np.full(len(seed), -1)),
            "one_class_error_test": ("replica", np.full(len(seed), 0.88)),
        },
        {
            "seed": ("replica", seed),
            "learning_rate": ("replica", rate),
            "evaluation_step": [0, steps],
            "gradient_step": [0, steps],
            "update_step": [0, steps - 1],
            "layer": np.arange(1, depth + 2),
        },
        {
            "study": "remedies",
            "label": f"model={model}",
            "scale": "quick",
            "axes": {"model": model},
            "config": plain(
                Experiment(
                    hidden=[100] * depth,
                    steps=steps,
                    evaluation=Evaluation(every=steps, images=1000),
                    **KEYS.get(model, TANH),
                )
            ),
            "data": {"name": "mnist", "hash": "0"},
        },
    )


def sigmoid_records(world, seeds=20):
    """The study of a sigmoid net, with the remedies that Lucas names."""
    cells = []
    for model in ("plain", "layer_rates", "rmsprop", "adagrad", "adam", "adahessian"):
        found = cell(world, model, 4, seeds, 1000)
        config = {**found.attrs["config"], "hidden": [30] * 4, "activation": "sigmoid"}
        cells.append(found.assign_attrs(study="remedies_sigmoid", config=config))
    return {"remedies_sigmoid": cells}


def records(world, seeds=20, steps=BUDGET):
    """Every model at 20 hidden layers, and the plain one at 5."""
    deep = [cell(world, model, 20, seeds, steps) for model in ("plain", *REMEDIES)]
    return {"remedies": [cell(world, "plain", 5, seeds, steps), *deep]}
