"""Training by compiled loops: right, resumable, and chosen where it should be."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import pytorch_lightning as pl
import xarray as xr

import reference
from depthgauge.config import Dataset, Evaluation, Precision
from depthgauge.datasets.batches import step_indices
from depthgauge.datasets.prepared import Split, assemble
from depthgauge.nets.initializers import initial_layer
from depthgauge.training.block import Block
from depthgauge.training.checkpoint import Checkpoint
from depthgauge.training.compiled_module import CompiledModule, compiled, suits
from depthgauge.training.descent import build_instruments, build_module, train_block


class Weights(pl.Callback):
    """Keep the final networks."""

    def on_train_end(self, trainer, pl_module):
        self.kept = [w.clone() for w in (*pl_module.network.weights, *pl_module.network.biases)]


@pytest.mark.parametrize(
    ("activation", "cost", "l2", "batch_size"),
    [
        ("sigmoid", "cross_entropy", 0.5, 8),
        ("tanh", "nll", 0.0, 8),
        ("softsign", "quadratic", 0.2, 8),
        ("relu", "nll", 0.0, 100),  # the full batch
    ],
)
def test_loops_match_the_numpy_twin(
    activation, cost, l2, batch_size, experiment, train, small_data
):
    """Final weights and biases of two seeds, 30 steps across an epoch's edge, float32."""
    experiment = replace(
        experiment, activation=activation, cost=cost, l2=l2, batch_size=batch_size, steps=30
    )
    after = Weights()
    train(experiment, [(4, 0.3), (9, 0.3)], [after], way=compiled)
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


def test_both_ways_read_the_same(experiment, train):
    """Every reading of a short training, by products and by loops, to float32's rounding."""
    experiment = replace(experiment, steps=40)
    one = train(experiment, [(0, 0.3), (1, 0.3)])
    other = train(experiment, [(0, 0.3), (1, 0.3)], key="loops", way=compiled)
    assert set(one) == set(other)
    xr.testing.assert_allclose(one.drop_attrs(), other.drop_attrs(), rtol=2e-4, atol=1e-6)


class KillAfter(pl.Callback):
    """End the process's work after so many chunks, as a signal would."""

    def __init__(self, chunks):
        self.left = chunks

    def on_train_batch_end(self, *_):
        self.left -= 1
        if self.left == 0:
            raise InterruptedError("killed")


@pytest.mark.parametrize("chunks", [1, 2])
def test_a_resumed_block_is_the_undisturbed_one(chunks, experiment, train, small_data, tmp_path):
    """Killed after any chunk and repeated: the same record, bit for bit."""
    whole = train(experiment, [(0, 0.3), (1, 0.3)], key="whole", way=compiled)
    block = Block(experiment, [(0, 0.3), (1, 0.3)], "key", "cell")

    def go(seconds, callbacks):
        instruments = build_instruments(experiment, small_data)
        checkpoint = Checkpoint(tmp_path / "checkpoint", "key", instruments, seconds)
        module = build_module(block, small_data, compiled(experiment))
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


@pytest.mark.parametrize(
    "change",
    [
        {"steps": 0},
        {"precision": Precision.float64},
        {"hidden": [7, 129]},
        {"dataset": Dataset("small", 127.5, 1.0)},
    ],
)
def test_loops_are_for_what_they_are_good_at(change, experiment, dark, small_data):
    """Narrow nets, float32, black pixels that are 0, steps to be made; and a CPU."""
    experiment = replace(experiment, evaluation=Evaluation(every=0))
    assert suits(experiment, dark, "cpu")
    assert not suits(replace(experiment, **change), dark, "cpu")
    assert not suits(experiment, dark, "cuda")
    assert not suits(experiment, small_data, "cpu")  # hardly a black pixel


def test_the_procedure_takes_the_loops_where_they_suit(experiment, dark, tmp_path, monkeypatch):
    """`descent.run` builds the module that `suits` asks for."""
    from depthgauge.training import descent
    from depthgauge.training.block import Task

    built = []
    monkeypatch.setattr(descent, "train", lambda task, module: built.append(module) or xr.Dataset())
    for asked in (experiment, replace(experiment, steps=0)):
        block = Block(asked, [(0, 0.3)], "key", "cell")
        descent.run(Task(block, dark, "cpu", tmp_path, lambda *_: []))
    assert [isinstance(module, CompiledModule) for module in built] == [True, False]
