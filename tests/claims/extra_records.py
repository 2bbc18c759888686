"""Synthetic records of second-order steps, support vectors and pre-training."""

import numpy as np
import xarray as xr

from depthgauge.config import Dataset, Experiment, Gradients, plain

RATES = (0.01, 0.1, 1.0)
"""The middle one is best by 5 points of error."""

SECOND_ORDER = {
    "tanh": 30.0,
    "tanh_hessian": 25.0,
    "tanh_variance": 24.0,
    "tanh_n": 20.0,
    "tanh_n_hessian": 15.0,
    "tanh_n_variance": 14.0,
}
"""Test errors of a world in which section 5 is right."""

NO_SECOND_ORDER = {model: 50.0 - error for model, error in SECOND_ORDER.items()}

SVM = {"svm": 40.0, "tanh_n": 30.0}
NO_SVM = {"svm": 30.0, "tanh_n": 40.0}

PRETRAINING = {"pretrained": (30.0, 0.4), "sigmoid": (40.0, 0.01)}
NO_PRETRAINING = {"pretrained": (40.0, 0.02), "sigmoid": (30.0, 0.01)}
"""Test error, and the top hidden layer's mean activation once it has settled."""


def second_order(world: dict[str, float], seeds: int = 12, **keys: int) -> list[xr.Dataset]:
    """Return the six models; `keys` as of `_experiment`."""
    return [
        net("glorot_second_order", model, error, _experiment([1000] * 5, **keys), seeds)
        for model, error in world.items()
    ]


def svm(
    world: dict[str, float], seeds: int = 12, c: float = 10.0, size: int = 100_000, **keys: int
) -> list[xr.Dataset]:
    """Return support vectors that chose `c`, the same for every seed, and the net."""
    experiment = _experiment([1000] * 5, train_size=size, **keys)
    beside = net("glorot_svm", "tanh_n", world["tanh_n"], experiment, seeds)
    numbers = np.full((seeds, 1), 1 - world["svm"] / 100)
    curve = ("replica", "evaluation_step"), numbers
    variables = {"accuracy_validation": curve, "accuracy_test": curve}
    chosen = {
        "chosen_c": ("replica", np.full(seeds, c)),
        "chosen_gamma": ("replica", np.full(seeds, 3.0)),
    }
    machine = xr.Dataset(
        {**variables, **chosen, "diverged_at": ("replica", np.full(seeds, -1))},
        {
            "seed": ("replica", np.arange(seeds)),
            "learning_rate": ("replica", np.full(seeds, 0.1)),
            "evaluation_step": [experiment.steps],
        },
        _attributes("glorot_svm", "svm", experiment),
    )
    return [machine, beside]


def pretraining(
    world: dict[str, tuple[float, float]], seeds: int = 12, **keys: int
) -> list[xr.Dataset]:
    """Return both nets; four hidden layers, of which the top one settles where the world says."""
    found = []
    for model, (error, top) in world.items():
        experiment = _experiment([1000] * 4, **keys)
        cell = net("glorot_pretraining", model, error, experiment, seeds)
        steps = np.array([0, *np.geomspace(1, experiment.steps, 7).astype(int)])
        settled = np.array([0.5, 0.5, 0.5, top, 0.111])
        share = np.linspace(0, 1, len(steps))[:, None]
        mean = (1 - share) * 0.5 + share * settled
        cell = cell.assign_coords(activation_step=steps, layer=np.arange(1, 6)).assign(
            activation_mean=(
                ("replica", "activation_step", "layer"),
                np.repeat(mean[None], cell.sizes["replica"], axis=0),
            )
        )
        found.append(cell)
    return found


def net(study: str, model: str, error: float, experiment: Experiment, seeds: int) -> xr.Dataset:
    """Errors fall from 90 % to `error` in half of the updates, plus 5 points off the best rate."""
    table = [(seed, rate) for seed in range(seeds) for rate in RATES]
    noise = 0.01 * np.random.default_rng(sum(map(ord, model))).standard_normal(seeds)
    steps = np.linspace(0, experiment.steps, 31).astype(int)
    at = np.interp(steps, [0, experiment.steps / 2], [1, 0])
    last = np.array([error + noise[seed] + 5 * (rate != RATES[1]) for seed, rate in table])
    test = last[:, None] + (90 - last[:, None]) * at
    axes = ("replica", "evaluation_step")
    return xr.Dataset(
        {
            "diverged_at": ("replica", np.full(len(table), -1)),
            "accuracy_test": (axes, 1 - test / 100),
            "accuracy_validation": (axes, 1 - (test + 1) / 100),
        },
        {
            "seed": ("replica", np.array([seed for seed, _ in table])),
            "learning_rate": ("replica", np.array([rate for _, rate in table])),
            "evaluation_step": steps,
        },
        _attributes(study, model, experiment),
    )


def _experiment(
    hidden: list[int], steps: int = 2_500_000, width: int = 1000, train_size: int = 50_000
) -> Experiment:
    return Experiment(
        dataset=Dataset("shapeset"),
        hidden=[width] * len(hidden),
        cost="nll",
        steps=steps,
        train_size=train_size,
        gradients=Gradients(every=0),
    )


def _attributes(study: str, model: str, experiment: Experiment) -> dict:
    axes = {"dataset": "shapeset", "model": model}
    return {
        "study": study,
        "scale": "quick",
        "label": ", ".join(f"{key}={value}" for key, value in axes.items()),
        "axes": axes,
        "config": plain(experiment),
        "position": 0,
        "data": {"name": "shapeset", "hash": "synthetic"},
    }
