"""A small data set with structure, and blocks of a small net."""

import numpy as np
import pytest

from depthgauge.config import Evaluation, Experiment, Gradients
from depthgauge.datasets.prepared import Split, assemble
from depthgauge.training.block import Block
from depthgauge.training.checkpoint import Checkpoint
from depthgauge.training.descent import build_instruments, build_module, train_block
from depthgauge.training.engines import narrow_engine, wide_engine
from depthgauge.training.torch_engine import TorchEngine


@pytest.fixture(scope="session")
def small_data():
    """Three classes of 5 x 5 images that differ in which rows are bright; learnable in seconds."""
    random = np.random.default_rng(7)

    def split(count):
        labels = random.integers(0, 3, count).astype(np.uint8)
        images = random.integers(0, 60, (count, 5, 5))
        images[np.arange(count), labels] += 150
        return Split(images.reshape(count, 25).astype(np.uint8), labels)

    splits = {"train": split(120), "validation": split(50), "test": split(37)}
    return assemble("small", (5, 5), ("a", "b", "c"), splits)


@pytest.fixture
def experiment():
    """Two hidden layers of different widths, every probe on."""
    return Experiment(
        hidden=[7, 6],
        l2=0.5,
        train_size=100,
        batch_size=8,
        steps=230,
        gradients=Gradients(every=20, images=30, per_neuron=True, batch=True, window=3),
        evaluation=Evaluation(every=115, splits=["train", "validation", "test"]),
    )


@pytest.fixture(params=["products", "narrow", "wide"])
def engine(request):
    """Each of the engines: (experiment) -> what makes it."""
    engines = {"products": lambda _: TorchEngine, "narrow": narrow_engine, "wide": wide_engine}
    return engines[request.param]


@pytest.fixture
def train(small_data, tmp_path):
    """Train replicas of an experiment, by matrix products or another engine; return the record."""

    def run(
        experiment, replicas, callbacks=(), key="key", seconds=1e9, data=small_data, engine=None
    ):
        block = Block(experiment, replicas, key, "cell")
        instruments = build_instruments(experiment, data)
        checkpoint = Checkpoint(tmp_path / f"{key}.checkpoint", key, instruments, seconds)
        module = build_module(block, data, engine(experiment) if engine else TorchEngine)
        return train_block(module, block, "cpu", checkpoint, callbacks)

    return run
