"""Frozen layers stay as drawn, and inserted layers do what a longhand net does."""

from dataclasses import replace

import numpy as np
import pytest

import reference
from depthgauge.config import Capacity, Evaluation, Experiment, Gradients
from depthgauge.errors import ConfigError
from depthgauge.nets.initializers import initial_layer
from depthgauge.training import capacity, descent
from depthgauge.training.block import Block, Task
from depthgauge.training.limits import CHECKS

PLAIN = Experiment(
    procedure="capacity",
    hidden=[7, 6],
    train_size=100,
    batch_size=8,
    l2=0.5,
    steps=150,
    gradients=Gradients(every=0),
    evaluation=Evaluation(every=50, splits=["validation"]),
    capacity=Capacity(weights=[0.1, 4.0]),
)


@pytest.fixture
def ran(small_data, tmp_path, monkeypatch):
    """Run a block; return the record and the trained module."""

    def run(experiment, seeds):
        kept = {}
        train = descent.train

        def keep(task, module):
            kept["module"] = module
            return train(task, module)

        monkeypatch.setattr(descent, "train", keep)
        block = Block(experiment, [(seed, 0.5) for seed in seeds], "key", "cell")
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        record = capacity.run(Task(block, small_data, "cpu", folder, lambda block, steps: []))
        monkeypatch.setattr(descent, "train", train)
        return record, kept["module"]

    return run


def test_a_frozen_layer_keeps_its_bits_and_the_next_one_learns(ran):
    """The first layer is what was drawn, decay and all; the second is not."""
    _, module = ran(replace(PLAIN, capacity=Capacity(frozen=1)), [0, 1])
    for layer, same in ((1, True), (2, False)):
        n_in, n_out = module.network.widths[layer - 1 : layer + 1]
        w, b = initial_layer("nielsen_default", 1, layer, n_in, n_out)
        unchanged = (module.network.weights[layer - 1][1].numpy() == w.astype(np.float32)).all()
        assert unchanged == same
        assert (
            module.network.biases[layer - 1][1, 0].numpy() == b.astype(np.float32)
        ).all() == same


def test_nothing_frozen_is_plain_descent(ran, small_data, tmp_path):
    """Without frozen layers the training is that of the procedure descent, bit for bit."""
    record, _ = ran(PLAIN, [0, 1])
    block = Block(replace(PLAIN, procedure="descent"), [(0, 0.5), (1, 0.5)], "plain", "cell")
    plain = descent.run(Task(block, small_data, "cpu", tmp_path, lambda block, steps: []))
    assert (record["cost_validation"].values == plain["cost_validation"].values).all()


@pytest.mark.parametrize("steps", [3, 150])
def test_inserted_layers_match_a_net_written_out(steps, ran, small_data):
    """Two layers of neurons 4/w s(w (x - 1/2)) + 1/2 - 2/w behind the hidden ones, one by one.

    Behind nets that name hardly anything right, and behind trained ones.
    """
    record, module = ran(replace(PLAIN, steps=steps), [0, 3])
    weights = [w[1].double().numpy() for w in module.network.weights]
    biases = [b[1, 0].double().numpy() for b in module.network.biases]
    labels = small_data.validation.labels
    for index, w1 in enumerate([0.1, 4.0]):
        right, worst, literal = 0, 0.0, 0.0
        for x, label in zip(small_data.validation.images / 256.0, labels, strict=True):
            h = reference.forward(weights, biases, x, "sigmoid")[1][-2]
            once = 4 / w1 / (1 + np.exp(-w1 * (h - 0.5))) + 0.5 - 2 / w1
            twice = 4 / w1 / (1 + np.exp(-w1 * (once - 0.5))) + 0.5 - 2 / w1
            right += (weights[-1] @ twice + biases[-1]).argmax() == label
            worst = max(worst, np.abs(once - h).max())
            literal = max(literal, np.abs(1 / (1 + np.exp(-5.648 * (h - 0.5))) - h).max())
        assert record["identity_accuracy"].values[1, index] == right / len(labels)
        assert record["identity_error"].values[1, index] == pytest.approx(worst)
        assert record["literal_error"].values[1] == pytest.approx(literal, abs=1e-4)


def test_identity_neurons_keep_the_accuracy_that_was_trained(ran):
    """With a small w_1 the deeper net names the same classes."""
    record, _ = ran(replace(PLAIN, hidden=[9], l2=0.0, steps=600), range(4))
    trained = record["accuracy_validation"].values[:, -1]
    assert record["identity_accuracy"].values[:, 0] == pytest.approx(trained, abs=0.021)
    assert trained.min() > 0.8  # of 50 images, so that keeping means something


def test_other_neurons_get_no_identity_layer(ran):
    """Tanh nets are trained and measured, without the variables of inserted layers."""
    record, _ = ran(replace(PLAIN, activation="tanh", steps=20), [0])
    assert not {"identity_accuracy", "identity_error", "literal_error"} & set(record.data_vars)


def test_freezing_everything_is_refused(small_data):
    """The output layer must learn."""
    CHECKS["capacity"](replace(PLAIN, capacity=Capacity(frozen=2)), small_data)
    with pytest.raises(ConfigError, match="freezes the output layer"):
        CHECKS["capacity"](replace(PLAIN, capacity=Capacity(frozen=3)), small_data)
