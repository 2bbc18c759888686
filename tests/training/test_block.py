"""A block of replicas, through Lightning: right, and the same whatever its companions."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
import xarray as xr

import reference
from depthgauge.config import Dataset, Device, Evaluation, Gradients, Precision
from depthgauge.datasets.batches import step_indices
from depthgauge.datasets.prepared import Split, assemble
from depthgauge.datasets.shapeset import CLASSES, pool
from depthgauge.errors import ConfigError, ResourceError
from depthgauge.nets.initializers import initial_layer
from depthgauge.training.block import Block
from depthgauge.training.descent import build_module
from depthgauge.training.device import available_device
from depthgauge.training.limits import CHECKS
from depthgauge.training.schedule import Chunk


class Weights(pl.Callback):
    """Keep the final networks."""

    def on_train_end(self, trainer, pl_module):
        self.network = pl_module.network


def twin(experiment, data, seed, rate, steps):
    """The same training, one network, one example at a time, in numpy."""
    widths = [data.train.images.shape[1], *experiment.hidden, len(data.classes)]
    layers = [
        initial_layer(experiment.init, seed, layer, n_in, n_out)
        for layer, (n_in, n_out) in enumerate(itertools.pairwise(widths), start=1)
    ]
    chosen = step_indices(seed, 0, steps, experiment.batch_size, experiment.train_size)
    xs = data.train.images / experiment.dataset.divide - experiment.dataset.subtract
    ys = np.eye(len(data.classes))[data.train.labels]
    return reference.descend(
        [w for w, _ in layers],
        [b for _, b in layers],
        [(xs[rows], ys[rows]) for rows in chosen],
        experiment.activation,
        experiment.cost,
        rate,
        experiment.l2 / experiment.train_size,
    )


@pytest.mark.parametrize(
    ("activation", "cost", "l2", "subtract"),
    [
        ("sigmoid", "cross_entropy", 0.5, 0.0),
        ("tanh", "nll", 0.0, 0.0),
        ("tanh", "nll", 0.0, 1.0),
        ("softsign", "quadratic", 0.2, 0.0),
        ("tanh", "softmax_quadratic", 0.0, 0.0),
    ],
)
def test_descent_matches_the_numpy_twin(
    activation, cost, l2, subtract, experiment, train, small_data
):
    """Final weights and biases of every replica, 30 steps across an epoch's edge, float64."""
    experiment = replace(
        experiment,
        dataset=Dataset("small", 256.0, subtract),
        activation=activation,
        cost=cost,
        l2=l2,
        steps=30,
        precision=Precision.float64,
    )
    kept = Weights()
    rates = [0.3, 0.3] if l2 else [0.3, 0.7]
    train(experiment, [(4, rates[0]), (9, rates[1])], [kept])
    for replica, (seed, rate) in enumerate(zip([4, 9], rates, strict=True)):
        weights, biases = twin(experiment, small_data, seed, rate, 30)
        for w, b, w_twin, b_twin in zip(
            kept.network.weights, kept.network.biases, weights, biases, strict=True
        ):
            np.testing.assert_allclose(w[replica], w_twin, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(b[replica, 0], b_twin, rtol=1e-9, atol=1e-12)


def test_readings_match_the_numpy_twin(experiment, train, small_data):
    """Norms, costs and accuracies at a step in the middle of training."""
    experiment = replace(
        experiment,
        steps=23,
        precision=Precision.float64,
        gradients=replace(experiment.gradients, every=10),
        evaluation=Evaluation(every=10, splits=["test"]),
    )
    record = train(experiment, [(2, 0.5)])
    weights, biases = twin(experiment, small_data, 2, 0.5, 10)
    xs = small_data.train.images[:30] / 256
    ys = np.eye(3)[small_data.train.labels[:30]]
    grad_w, grad_b = reference.mean_gradients(weights, biases, xs, ys, "sigmoid", "cross_entropy")
    at = record.sel(gradient_step=10, replica=0)
    np.testing.assert_allclose(at.bias_gradient_norm, [np.linalg.norm(g) for g in grad_b])
    np.testing.assert_allclose(at.weight_gradient_norm, [np.linalg.norm(g) for g in grad_w])
    np.testing.assert_allclose(at.bias_gradient.sel(layer=1), grad_b[0])
    np.testing.assert_allclose(at.bias_gradient.sel(layer=3)[:3], grad_b[2])
    assert np.isnan(at.bias_gradient.sel(layer=3)[3:]).all()
    zs = [reference.forward(weights, biases, x, "sigmoid")[0][-1] for x in xs]
    costs = [reference.value("cross_entropy", z, y) for z, y in zip(zs, ys, strict=True)]
    assert float(at.probe_cost) == pytest.approx(np.mean(costs), rel=1e-10)
    tests = small_data.test.images / 256
    guesses = [reference.forward(weights, biases, x, "sigmoid")[0][-1].argmax() for x in tests]
    found = record.sel(evaluation_step=10, replica=0).accuracy_test
    assert float(found) == np.mean(guesses == small_data.test.labels)


def test_the_mini_batch_gradient_is_the_batchs_own(experiment, train, small_data):
    """At step 20, before its update; absent after the last step; windows of three records."""
    experiment = replace(experiment, precision=Precision.float64, steps=60)
    record = train(experiment, [(2, 0.5)]).isel(replica=0)
    weights, biases = twin(experiment, small_data, 2, 0.5, 20)
    rows = step_indices(2, 20, 1, 8, 100)[0]
    xs, ys = small_data.train.images[rows] / 256, np.eye(3)[small_data.train.labels[rows]]
    _, grad_b = reference.mean_gradients(weights, biases, xs, ys, "sigmoid", "cross_entropy")
    found = record.batch_bias_gradient_norm.sel(gradient_step=20)
    np.testing.assert_allclose(found, [np.linalg.norm(g) for g in grad_b], rtol=1e-9)
    assert np.isnan(record.batch_bias_gradient_norm.sel(gradient_step=60)).all()
    window = record.window_bias_gradient_norm.notnull().all("layer")
    assert window.gradient_step[window].values.tolist() == [40]


def test_a_full_batch_step_uses_every_example_once(experiment, train, small_data):
    """batch_size = train_size: one gradient of the whole set, whatever the seed's order."""
    experiment = replace(experiment, batch_size=100, steps=5, precision=Precision.float64, l2=0.0)
    kept = Weights()
    train(experiment, [(1, 0.4)], [kept])
    weights, _ = twin(experiment, small_data, 1, 0.4, 5)
    np.testing.assert_allclose(kept.network.weights[0][0], weights[0], rtol=1e-9)


@pytest.mark.parametrize("companions", [1, 7, 64])
def test_a_replica_is_bit_for_bit_the_same_in_any_company(companions, experiment, train, engine):
    """Alone, among 7 and among 64: the promise that makes blocks of any size one experiment."""
    alone = train(experiment, [(5, 0.3)], engine=engine)
    others = [(seed, 0.3) for seed in range(100, 100 + companions - 1)]
    place = len(others) // 2
    table = [*others[:place], (5, 0.3), *others[place:]]
    together = train(experiment, table, key="together", engine=engine)
    xr.testing.assert_identical(alone.drop_attrs(), together.isel(replica=[place]).drop_attrs())


def test_rates_side_by_side_do_not_touch_each_other(experiment, train, engine):
    """A learning rate's replica is the same alone and beside other rates, bit for bit."""
    experiment = replace(experiment, l2=0.0)
    alone = train(experiment, [(5, 0.3)], engine=engine)
    beside = train(experiment, [(5, 0.01), (5, 0.3), (5, 3.0)], key="beside", engine=engine)
    xr.testing.assert_identical(alone.drop_attrs(), beside.isel(replica=[1]).drop_attrs())


def test_probes_do_not_change_the_training(experiment, train, engine):
    """With every probe on, and with none: the same final weights, bit for bit."""
    bare = replace(experiment, gradients=Gradients(every=0), evaluation=Evaluation(every=0))
    watched, blind = Weights(), Weights()
    train(experiment, [(0, 0.3), (1, 0.3)], [watched], engine=engine)
    train(bare, [(0, 0.3), (1, 0.3)], [blind], key="bare", engine=engine)
    for one, other in zip(watched.network.parameters(), blind.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_it_learns(experiment, train, engine):
    """The bright row is found: far above chance on examples never seen."""
    record = train(
        replace(experiment, steps=1000, l2=0.0), [(s, 1.0) for s in range(4)], engine=engine
    )
    assert (record.accuracy_test.isel(evaluation_step=-1) > 0.9).all()


def test_a_diverging_replica_is_named_and_the_others_go_on(experiment, train, engine):
    """A rate of 1e30 overflows; its neighbour's numbers are what they are without it."""
    experiment = replace(experiment, l2=0.0)
    record = train(experiment, [(0, 0.3), (0, 1e30)], engine=engine)
    alone = train(experiment, [(0, 0.3)], key="alone", engine=engine)
    assert record.diverged_at.values.tolist() == [-1, 100]
    xr.testing.assert_identical(alone.drop_attrs(), record.isel(replica=[0]).drop_attrs())


def test_no_step_at_all_measures_the_initial_network(experiment, train):
    """An init study has steps=0 and one record of each kind."""
    record = train(replace(experiment, steps=0), [(0, 0.1), (1, 0.1)])
    assert record.gradient_step.values.tolist() == [0]
    assert np.isfinite(record.bias_gradient_norm).all()


def test_each_seed_has_a_stream_of_its_own(experiment, train):
    """Online, bit for bit what a pool of that seed's images in their order gives; rates share it.

    After 230 steps a chunk has been cut, and 8 x 230 images were seen.
    """
    experiment = replace(experiment, l2=0.0, evaluation=Evaluation(every=0))
    data = images_of({"train": (0, 200), "validation": (1 << 40, 20), "test": (1 << 41, 20)})
    online = replace(experiment, dataset=Dataset("shapeset", 127.5, 1.0, stream=True))
    kept = Weights()
    train(online, [(3, 0.1), (6, 0.1), (6, 0.02)], [kept], data=data)
    for replica, (seed, rate) in enumerate([(3, 0.1), (6, 0.1), (6, 0.02)]):
        images, labels = pool(seed, 8 * 230)
        own = replace(data, train=Split(images, labels))
        pooled = replace(
            online, dataset=Dataset("shapeset", 127.5, 1.0), train_size=8 * 230, steps=230
        )
        module = build_module(Block(pooled, [(seed, rate)], "k", "c"), own)
        module.engine.sgd = replace(module.engine.sgd, order=in_order)
        module.on_fit_start()
        for start in (0, 100, 200):
            module.run(Chunk(start, min(start + 100, 230)))
        for one, other in zip(kept.network.parameters(), module.network.parameters(), strict=True):
            assert torch.equal(one[replica], other[0])


def in_order(first, steps):
    """The images of the pool one after another, eight a step."""
    return np.arange(8 * first, 8 * (first + steps)).reshape(steps, 1, 8)


def images_of(splits):
    """A small Shapeset of these ranges."""
    made = {name: Split(*pool(0, count, first)) for name, (first, count) in splits.items()}
    return assemble("shapeset", (32, 32), CLASSES, made)


@pytest.mark.parametrize(("name", "l2"), [("small", 0.0), ("mnist", 0.0), ("shapeset", 0.5)])
def test_what_cannot_be_streamed_is_refused(name, l2, experiment, small_data):
    """Other sets have an end, and L2 needs a number of examples."""
    experiment = replace(experiment, l2=l2, dataset=Dataset(name, stream=True))
    with pytest.raises(ConfigError, match=r"dataset.stream=True cannot be used"):
        CHECKS["descent"](experiment, replace(small_data, name=name))


def test_more_examples_than_there_are_is_refused(experiment, small_data):
    """Before anything is computed."""
    with pytest.raises(ConfigError, match=r"train_size=5000 .* 120 training examples of small"):
        CHECKS["descent"](replace(experiment, train_size=5000), small_data)


def test_decay_with_two_rates_in_a_block_is_refused(experiment, small_data):
    """The fused update has one decay factor; cell.py never makes such a block."""
    with pytest.raises(ValueError, match="must share one learning rate"):
        build_module(Block(experiment, [(0, 0.1), (0, 0.2)], "k", "c"), small_data)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the GPU asked for")
def test_a_gpu_that_is_not_there_is_refused():
    """One sentence that names what to do."""
    with pytest.raises(ResourceError, match=r"device=cuda was asked for.*use device=cpu"):
        available_device(Device.cuda)
    assert available_device(Device.auto) in ("cpu", "mps")
