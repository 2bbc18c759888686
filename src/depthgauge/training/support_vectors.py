"""The procedure of a baseline without layers: support vectors with a Gaussian kernel.

Source: Glorot and Bengio, section 5: "RBF SVM models" on 100,000 Shapeset examples. The penalty C
and the kernel's gamma are chosen on the validation images, as learning rates are.
"""

import itertools

import numpy as np
import xarray as xr
from sklearn.svm import SVC

from depthgauge.config import Experiment
from depthgauge.datasets.prepared import Prepared, Split
from depthgauge.training.block import Task

CACHE = 1000
"""Megabytes of kernel values kept; scikit-learn's own default is 200."""


def run(task: Task) -> xr.Dataset:
    """Fit every C and gamma, choose on the validation images, look at the test images once.

    Nothing is drawn at random, so all seeds are given the same numbers. They stand at the step at
    which a network trained on the same examples would be done.
    """
    experiment, data = task.block.experiment, task.data
    images = experiment.support_vectors.images or None
    train = _scaled(data.train, experiment, experiment.train_size)
    validation = _scaled(data.validation, experiment, images)
    unit = 1 / float(train[0].var() * train[0].shape[1])
    fitted, errors = [], []
    for c, gamma in itertools.product(
        experiment.support_vectors.c, experiment.support_vectors.gamma
    ):
        machine = SVC(C=c, cache_size=CACHE).set_params(gamma=gamma * unit)
        fitted.append((machine.fit(*train), c, gamma))
        errors.append(1 - machine.score(*validation))
    machine, c, gamma = fitted[int(np.argmin(errors))]
    found = {
        "accuracy_validation": 1 - min(errors),
        "accuracy_test": machine.score(*_scaled(data.test, experiment, images)),
    }
    return _record(task, found, {"chosen_c": c, "chosen_gamma": gamma})


def work(experiment: Experiment, data: Prepared) -> float:
    """Return the operations: kernel values between all pairs, for each C and gamma."""
    settings = experiment.support_vectors
    seen = settings.images or len(data.validation.labels)
    pairs = experiment.train_size * (experiment.train_size + seen)
    return 3.0 * pairs * data.train.images.shape[1] * len(settings.c) * len(settings.gamma)


def _scaled(
    split: Split, experiment: Experiment, count: int | None
) -> tuple[np.ndarray, np.ndarray]:
    scale = experiment.dataset
    return split.images[:count] / scale.divide - scale.subtract, split.labels[:count]


def _record(task: Task, found: dict[str, float], chosen: dict[str, float]) -> xr.Dataset:
    replicas = len(task.block.replicas)
    curves = {
        name: (("replica", "evaluation_step"), np.full((replicas, 1), value))
        for name, value in found.items()
    }
    plain = {name: ("replica", np.full(replicas, value)) for name, value in chosen.items()}
    return xr.Dataset(
        {**curves, **plain, "diverged_at": ("replica", np.full(replicas, -1))},
        {
            "seed": ("replica", np.array(task.block.seeds)),
            "learning_rate": ("replica", np.array(task.block.rates)),
            "evaluation_step": np.array([task.block.experiment.steps]),
        },
    )
