"""The baseline of support vectors: its own decision function, its choice, its record."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.svm import SVC

from depthgauge.config import Experiment, Gradients, SupportVectors
from depthgauge.datasets.prepared import Split, assemble
from depthgauge.errors import ConfigError
from depthgauge.training.block import Block, Task
from depthgauge.training.limits import CHECKS
from depthgauge.training.support_vectors import run


@pytest.fixture
def experiment():
    return Experiment(
        procedure="support_vectors",
        train_size=60,
        steps=40,
        gradients=Gradients(every=0),
        support_vectors=SupportVectors(c=[0.01, 10.0], gamma=[0.5, 50.0]),
    )


def fitted(experiment, data, seeds=(0, 1, 2)):
    block = Block(experiment, [(seed, 0.1) for seed in seeds], "key", "cell")
    return run(Task(block, data, "cpu", Path(), lambda *_: []))


def accuracies(experiment, data, c, gamma):
    """From a kernel matrix written out, on validation and test images."""
    x = data.train.images[:60] / 256
    scale = gamma / (x.var() * x.shape[1])

    def kernel(others):
        gaps = others[:, None, :] - x[None, :, :]
        return np.exp(-scale * (gaps**2).sum(axis=2))

    machine = SVC(C=c, kernel="precomputed").fit(kernel(x), data.train.labels[:60])
    splits = (data.validation, data.test)
    return [machine.score(kernel(each.images / 256), each.labels) for each in splits]


def test_the_choice_is_the_best_on_the_validation_images(experiment, small_data):
    """Of all pairs, with the kernel matrix written out; the test images are only looked at."""
    record = fitted(experiment, small_data)
    grid = [(c, gamma) for c in (0.01, 10.0) for gamma in (0.5, 50.0)]
    found = {pair: accuracies(experiment, small_data, *pair) for pair in grid}
    best = max(grid, key=lambda pair: found[pair][0])
    assert min(each[0] for each in found.values()) < found[best][0]
    assert (float(record.chosen_c[0]), float(record.chosen_gamma[0])) == best
    assert float(record.accuracy_validation[0, -1]) == pytest.approx(found[best][0])
    assert float(record.accuracy_test[0, -1]) == pytest.approx(found[best][1])


@pytest.mark.parametrize("gamma", [0.1, 1.0, 5.0, 20.0])
def test_gammas_count_in_parts_of_the_inputs_variance(gamma, experiment, small_data):
    """1 is scikit-learn's "scale": one over the number of features and their variance."""
    settings = SupportVectors(c=[0.3], gamma=[gamma])
    record = fitted(replace(experiment, support_vectors=settings), small_data, seeds=[0])
    found = [float(record[f"accuracy_{split}"][0, 0]) for split in ("validation", "test")]
    assert found == pytest.approx(accuracies(experiment, small_data, 0.3, gamma))


def test_every_seed_has_the_same_number(experiment, small_data):
    """At the step at which the net beside it is done."""
    record = fitted(experiment, small_data)
    assert record.evaluation_step.values.tolist() == [40]
    assert record.seed.values.tolist() == [0, 1, 2]
    assert len(np.unique(record.accuracy_test)) == 1


def test_fewer_images_can_be_looked_at(experiment, small_data):
    """Scores of the first ten images are multiples of a tenth."""
    settings = replace(experiment.support_vectors, images=10)
    record = fitted(replace(experiment, support_vectors=settings), small_data, seeds=[0])
    assert float(10 * record.accuracy_test[0, 0]) == pytest.approx(
        round(float(10 * record.accuracy_test[0, 0]))
    )


def test_a_sample_that_cannot_be_learned_from_is_refused(experiment, small_data):
    """More examples than there are; a sample of one class."""
    with pytest.raises(ConfigError, match=r"train_size=5000 .* 120 training examples of small"):
        CHECKS["support_vectors"](replace(experiment, train_size=5000), small_data)
    alike = {
        name: Split(np.zeros((20, 4), np.uint8), np.zeros(20, np.uint8))
        for name in ("train", "validation", "test")
    }
    one_class = assemble("plain", (2, 2), ("a", "b"), alike)
    with pytest.raises(ConfigError, match=r"train_size=15 holds 1 class of plain"):
        CHECKS["support_vectors"](replace(experiment, train_size=15), one_class)
