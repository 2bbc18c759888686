"""Training by compiled loops: right, resumable, and each engine chosen where it should be."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
import xarray as xr

import reference
from depthgauge.config import Bounds, Dataset, Evaluation, Gradients, Look, Precision, Spacing
from depthgauge.datasets.batches import step_indices
from depthgauge.datasets.prepared import Split, assemble
from depthgauge.kernel.sparse import sparse
from depthgauge.nets.initializers import initial_layer
from depthgauge.training.block import Block
from depthgauge.training.checkpoint import Checkpoint
from depthgauge.training.descent import build_instruments, build_module, train_block
from depthgauge.training.engines import choose_engine, narrow_engine, wide_engine
from depthgauge.training.examples import Examples
from depthgauge.training.narrow_engine import NarrowEngine
from depthgauge.training.torch_engine import TorchEngine
from depthgauge.training.wide_engine import WideEngine


class Weights(pl.Callback):
    """Keep the final networks."""

    def on_train_end(self, trainer, pl_module):
        self.kept = [w.clone() for w in (*pl_module.network.weights, *pl_module.network.biases)]


LOOPS = pytest.mark.parametrize("loops", [narrow_engine, wide_engine], ids=["narrow", "wide"])


@LOOPS
@pytest.mark.parametrize(
    ("activation", "cost", "l2", "batch_size", "hidden"),
    [
        ("sigmoid", "cross_entropy", 0.5, 8, [7, 6]),
        ("tanh", "nll", 0.0, 8, [7, 6]),
        ("softsign", "quadratic", 0.2, 8, [7, 6]),
        ("relu", "nll", 0.0, 7, [7, 6]),  # not a multiple of what is done at once
        ("tanh", "quadratic", 0.2, 3, [5, 70]),  # 70 units fill three rows of vectors, 5 one
    ],
)
def test_loops_match_the_numpy_twin(
    activation, cost, l2, batch_size, hidden, loops, experiment, train, small_data
):
    """Final weights and biases of two seeds, 30 steps across an epoch's edge, float32."""
    experiment = replace(
        experiment,
        hidden=hidden,
        activation=activation,
        cost=cost,
        l2=l2,
        batch_size=batch_size,
        steps=30,
    )
    after = Weights()
    train(experiment, [(4, 0.3), (9, 0.3)], [after], engine=loops)
    widths = [25, *experiment.hidden, 3]
    for replica, seed in enumerate([4, 9]):
        layers = [
            initial_layer(experiment.init, seed, layer, n_in, n_out)
            for layer, (n_in, n_out) in enumerate(itertools.pairwise(widths), start=1)
        ]
        xs = small_data.train.images[:100] / 256
        ys = np.eye(3)[small_data.train.labels[:100]]
        chosen = step_indices(seed, 0, 30, batch_size, 100)
        weights, biases = reference.descend(
            [w for w, _ in layers],
            [b for _, b in layers],
            [(xs[rows], ys[rows]) for rows in chosen],
            activation,
            cost,
            0.3,
            l2 / 100,
        )
        for found, wanted in zip(after.kept, [*weights, *biases], strict=True):
            np.testing.assert_allclose(found[replica].squeeze(), wanted, rtol=2e-4, atol=2e-6)


@LOOPS
def test_all_engines_read_the_same(loops, experiment, train):
    """Every reading of a short training is that of the products, to float32's rounding.

    Those of loops and those that look at the network, in the middle of a chunk too. (Histograms
    are left out: a rounding takes an activation over a bin's edge.)
    """
    look = Look(every=15, spacing=Spacing.linear, images=20)
    bounds = Bounds(every=15, spacing=Spacing.linear, images=20)
    experiment = replace(experiment, hidden=[7, 6, 5], steps=40)
    experiment = replace(experiment, output_speed=look, bounds=bounds)
    one = train(experiment, [(0, 0.3), (1, 0.3)])
    other = train(experiment, [(0, 0.3), (1, 0.3)], key="loops", engine=loops)
    assert set(one) == set(other)
    xr.testing.assert_allclose(one.drop_attrs(), other.drop_attrs(), rtol=2e-4, atol=1e-6)


@LOOPS
@pytest.mark.parametrize(
    "gradients",
    [
        Gradients(every=1, images=10),
        Gradients(every=7, images=40, per_neuron=True),
        Gradients(every=6, images=5, spacing=Spacing.log),
    ],
    ids=["every step", "many images", "log"],
)
def test_gradients_that_loops_read_amid_their_steps(loops, gradients, experiment, train):
    """Without the mini-batch's own gradient nothing is copied out: the readings stay the same.

    Between evaluations, which interrupt the steps, and over the end of a chunk.
    """
    every = Evaluation(every=9, splits=["train"])
    experiment = replace(experiment, steps=130, gradients=gradients, evaluation=every)
    one = train(experiment, [(0, 0.3), (1, 0.3)])
    other = train(experiment, [(0, 0.3), (1, 0.3)], key="loops", engine=loops)
    assert set(one) == set(other)
    xr.testing.assert_allclose(one.drop_attrs(), other.drop_attrs(), rtol=5e-4, atol=1e-6)


class KillAfter(pl.Callback):
    """End the process's work after so many chunks, as a signal would."""

    def __init__(self, chunks):
        self.left = chunks

    def on_train_batch_end(self, *_):
        self.left -= 1
        if self.left == 0:
            raise InterruptedError("killed")


@LOOPS
@pytest.mark.parametrize("chunks", [1, 2])
def test_a_resumed_block_is_the_undisturbed_one(
    chunks, loops, experiment, train, small_data, tmp_path
):
    """Killed after any chunk and repeated: the same record, bit for bit."""
    whole = train(experiment, [(0, 0.3), (1, 0.3)], key="whole", engine=loops)
    block = Block(experiment, [(0, 0.3), (1, 0.3)], "key", "cell")

    def go(seconds, callbacks):
        instruments = build_instruments(experiment, small_data)
        checkpoint = Checkpoint(tmp_path / "checkpoint", "key", instruments, seconds)
        module = build_module(block, small_data, loops(experiment))
        return train_block(module, block, "cpu", checkpoint, callbacks)

    with pytest.raises(InterruptedError):
        go(0.0, [KillAfter(chunks + 1)])
    assert (tmp_path / "checkpoint").exists()
    xr.testing.assert_identical(go(1e9, []).drop_attrs(), whole.drop_attrs())


@pytest.fixture
def dark(small_data):
    """The small data set with most pixels black, as MNIST's are."""
    rows = np.arange(small_data.train.images.shape[1]) % 3 == 0
    splits = {
        name: Split(getattr(small_data, name).images * rows.astype(np.uint8), part.labels)
        for name, part in vars(small_data).items()
        if isinstance(part, Split)
    }
    return assemble("small", (5, 5), ("a", "b", "c"), splits)


def built(kind):
    """The class of an engine."""
    return getattr(kind, "func", kind)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({}, NarrowEngine),
        ({"hidden": [128, 5]}, NarrowEngine),  # the widest that the cache holds
        ({"hidden": [5, 129]}, WideEngine),
        ({"batch_size": 100}, NarrowEngine),  # every example at every step
        ({"hidden": [7, 129]}, WideEngine),
        ({"dataset": Dataset("small", 127.5, 1.0)}, WideEngine),  # black is -1
        ({"hidden": [7, 129], "batch_size": 65}, TorchEngine),
        ({"steps": 0}, TorchEngine),
        ({"precision": Precision.float64}, TorchEngine),
    ],
)
def test_each_engine_is_for_what_it_is_good_at(change, kind, experiment, dark):
    """Narrow nets on black pixels that are 0; small mini-batches; all else by matrix products."""
    experiment = replace(experiment, evaluation=Evaluation(every=0), **change)
    assert built(choose_engine(experiment, dark, "cpu")) is kind
    assert built(choose_engine(experiment, dark, "cuda")) is TorchEngine


def test_bright_images_are_not_for_the_narrow_engine(experiment, small_data):
    """Hardly a pixel of the small set is black."""
    assert built(choose_engine(experiment, small_data, "cpu")) is WideEngine


def test_the_full_batch_matches_the_numpy_twin(experiment, train, small_data):
    """The narrow engine takes every example at once, whatever the seed's order."""
    experiment = replace(experiment, batch_size=100, steps=5, l2=0.0)
    one, other = Weights(), Weights()
    train(experiment, [(1, 0.4), (2, 0.4), (7, 0.4)], [one], engine=narrow_engine)
    products = replace(experiment, precision=Precision.float64)
    train(products, [(1, 0.4), (2, 0.4), (7, 0.4)], [other], key="products")
    for found, wanted in zip(one.kept, other.kept, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


def test_the_procedure_asks_for_the_engine(experiment, dark, tmp_path, monkeypatch):
    """`descent.run` builds the engine that `choose_engine` names."""
    from depthgauge.training import descent
    from depthgauge.training.block import Task

    modules = []
    monkeypatch.setattr(
        descent, "train", lambda task, module: modules.append(module) or xr.Dataset()
    )
    for asked in (experiment, replace(experiment, steps=0)):
        block = Block(asked, [(0, 0.3)], "key", "cell")
        descent.run(Task(block, dark, "cpu", tmp_path, lambda *_: []))
    assert [type(module.engine) for module in modules] == [NarrowEngine, TorchEngine]


def test_gradients_of_more_images_than_16_bits_can_number(experiment, train, small_data):
    """65,537 probe images on a narrow net: the value that matrix products give."""
    images, labels = small_data.train.images, small_data.train.labels
    pick = np.random.default_rng(0).integers(0, len(labels), 65_537)
    splits = {"train": Split(images[pick], labels[pick])}
    splits |= {"validation": small_data.validation, "test": small_data.test}
    many = assemble("many", (5, 5), ("a", "b", "c"), splits)
    short = replace(
        experiment,
        train_size=65_537,
        hidden=[2],
        steps=1,
        l2=0.0,
        gradients=Gradients(every=1, images=65_537),
        evaluation=Evaluation(),
    )
    one = train(short, [(0, 0.3)], data=many)
    other = train(short, [(0, 0.3)], key="loops", engine=narrow_engine, data=many)
    xr.testing.assert_allclose(one.drop_attrs(), other.drop_attrs(), rtol=2e-4)


def test_a_wide_engine_refuses_a_full_batch(experiment, train):
    """No step would gather its examples: it says so before the first one."""
    whole = replace(experiment, batch_size=100)
    with pytest.raises(AssertionError, match="full batch"):
        train(whole, [(0, 0.3)], engine=wide_engine)


@pytest.mark.parametrize("divide", [255.0, 256.0, 3.0])
def test_inputs_are_pixels_divided_to_the_last_digit(divide):
    """Dense and sparse: the float32 quotient itself, for every pixel value."""
    pixels = np.arange(256, dtype=np.uint8)
    expected = pixels.astype(np.float32) / np.float32(divide)
    images, labels = torch.from_numpy(pixels[None]), torch.zeros(1, dtype=torch.uint8)
    x, _ = Examples(images, labels, divide, 0.0, 2).take(slice(None), torch.zeros(0))
    np.testing.assert_array_equal(x[0], expected)
    np.testing.assert_array_equal(sparse(pixels[None], np.zeros(1), divide).values, expected[1:])
