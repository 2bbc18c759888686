"""Synthetic records of Table 1 and of the widths: test errors known for each model and rate."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import xarray as xr

from depthgauge.config import Dataset, Evaluation, Experiment, Gradients, plain
from depthgauge.studies.glorot.register import ERRORS as PUBLISHED
from depthgauge.studies.glorot.register import MODELS

RATES = (0.01, 0.1, 1.0)
"""The middle one is best by 5 points of error."""

CONTRARY = {
    dataset: {model: 60 - 0.6 * error for model, error in errors.items()}
    for dataset, errors in PUBLISHED.items()
}
"""A world in which every order of Table 1 is turned round, and no number is right."""

GAINS = {"growing": 10.0, "shrinking": 11.0, "equal": 12.0}
NO_GAINS = {"growing": -10.0, "shrinking": -11.0, "equal": 12.0}
LESSER_GAINS = {"growing": 2.0, "shrinking": 40.0, "equal": 12.0}
"""Points that normalized initialization takes off the test error, by shape."""


def table_records(
    world: Mapping[str, Mapping[str, float]], seeds: int = 12, **options: float
) -> dict[str, list[xr.Dataset]]:
    """Return the study of Table 1; options as of `cell`. ImageNet comes in both its forms."""
    cells = []
    for dataset, errors in world.items():
        names = ("imagenet", "tiny_imagenet") if dataset == "imagenet" else (dataset,)
        for name in names:
            for model, keys in MODELS.items():
                experiment = _experiment(name, *keys.values(), 5, **options)
                cells.append(_cell("glorot_error", model, experiment, errors[model], seeds))
    return {"glorot_error": cells}


def width_records(
    gains: Mapping[str, float], seeds: int = 12, **options: float
) -> dict[str, list[xr.Dataset]]:
    """Return the study of widths: 40 % error from standard initialization, less by the gain."""
    cells = []
    for shape, gain in gains.items():
        for model, error in (("tanh", 40.0), ("tanh_n", 40.0 - gain)):
            experiment = _experiment("shapeset", *MODELS[model].values(), 5, **options)
            cells.append(_cell("glorot_widths", f"{model}_{shape}", experiment, error, seeds))
    return {"glorot_widths": cells}


def depth_records(seeds: int = 12) -> dict[str, list[xr.Dataset]]:
    """Return the study of depth: each layer takes 5 points off the error of Tanh N."""
    cells = []
    for depth in range(1, 6):
        experiment = _experiment("shapeset", *MODELS["tanh_n"].values(), depth)
        cells.append(_cell("glorot_depth", "tanh_n", experiment, 45.0 - 5 * depth, seeds))
    return {"glorot_depth": cells}


def cost_records(seeds: int = 12) -> dict[str, list[xr.Dataset]]:
    """Return the study of costs: the quadratic one ends 10 points worse."""
    cells = []
    for model in ("tanh", "tanh_n"):
        for cost, error in (("nll", 20.0), ("softmax_quadratic", 30.0)):
            experiment = _experiment("shapeset", *MODELS[model].values(), 5)
            experiment = replace(experiment, cost=cost)
            cells.append(_cell("glorot_quadratic", model, experiment, error, seeds))
    return {"glorot_quadratic": cells}


def _experiment(
    dataset: str, activation: str, init: str, depth: int, steps: int = 2_500_000, width: int = 1000
) -> Experiment:
    return Experiment(
        dataset=Dataset(dataset),
        hidden=[width] * depth,
        activation=activation,
        init=init,
        cost="nll",
        steps=steps,
        gradients=Gradients(every=0),
        evaluation=Evaluation(every=steps // 10, splits=["validation", "test"]),
    )


def _cell(study: str, model: str, experiment: Experiment, error: float, seeds: int) -> xr.Dataset:
    """Errors fall from 90 % to `error` in half of the updates, plus 5 points off the best rate.

    Seeds spread by 0.01 points; validation is 1 point above the test.
    """
    table = [(seed, rate) for seed in range(seeds) for rate in RATES]
    noise = 0.01 * np.random.default_rng(sum(map(ord, model))).standard_normal(seeds)
    steps = np.linspace(0, experiment.steps, 31).astype(int)
    at = np.interp(steps, [0, experiment.steps / 2], [1, 0])
    last = np.array([error + noise[seed] + 5 * (rate != RATES[1]) for seed, rate in table])
    test = last[:, None] + (90 - last[:, None]) * at
    config = plain(experiment)
    axes = {"dataset": config["dataset"]["name"], "model": model}
    return xr.Dataset(
        {
            "diverged_at": ("replica", np.full(len(table), -1)),
            "accuracy_test": (("replica", "evaluation_step"), 1 - test / 100),
            "accuracy_validation": (("replica", "evaluation_step"), 1 - (test + 1) / 100),
        },
        {
            "seed": ("replica", np.array([seed for seed, _ in table])),
            "learning_rate": ("replica", np.array([rate for _, rate in table])),
            "evaluation_step": steps,
        },
        {
            "study": study,
            "scale": "quick",
            "label": ", ".join(f"{key}={value}" for key, value in axes.items()),
            "axes": axes,
            "config": config,
            "position": 0,
            "data": {"name": axes["dataset"], "hash": "synthetic"},
        },
    )
