"""A small project: this one's conf, a data set with MNIST's shape, no git and no network."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hydra.core.global_hydra import GlobalHydra

from depthgauge.datasets.prepared import Split, assemble, path_of, write
from depthgauge.stages.main import main
from depthgauge.stages.train import prepared_data

CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture(scope="session")
def tiny_mnist():
    """1,200 training images; the brightest row tells the digit."""
    random = np.random.default_rng(1)

    def split(count):
        labels = random.integers(0, 10, count).astype(np.uint8)
        images = random.integers(0, 40, (count, 28, 28))
        images[np.arange(count), labels * 2] += 200
        return Split(images.reshape(count, 784).astype(np.uint8), labels)

    splits = {"train": split(1200), "validation": split(100), "test": split(100)}
    return assemble("mnist", (28, 28), tuple("0123456789"), splits)


@pytest.fixture
def project(tmp_path, monkeypatch, tiny_mnist):
    """Return the root of a project that holds conf/ and a prepared data set, and go there."""
    root = tmp_path / "project"
    shutil.copytree(CONF, root / "conf")
    (root / "dvc.yaml").write_text("stages: {}\n")
    write(tiny_mnist, path_of(root, "mnist"))
    monkeypatch.chdir(root)
    prepared_data.cache_clear()
    GlobalHydra.instance().clear()
    return root


@pytest.fixture
def depthgauge(capsys):
    """Run one command; return its exit code, what it printed, and what it complained of."""

    def run(*words):
        code = 0
        try:
            main(words)
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run
