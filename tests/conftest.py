"""Shapes in annotations are checked in tests, and only there."""

import gc
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import install_import_hook

sys.path.insert(0, str(Path(__file__).parent))
torch.set_num_threads(1)  # bit-for-bit promises are made for one thread

for package in ("nets", "probes", "training") if find_spec("beartype") else ():
    install_import_hook(f"depthgauge.{package}", "beartype.beartype")

if os.environ.get("NUMBA_DISABLE_JIT") == "1":
    import plain_vectors

    plain_vectors.install()


def pytest_collection_modifyitems(items):
    """Begin with files of slow tests, then of many: what two processes share last is quick."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    count = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path not in slow, -count[item.path], item.path))


def pytest_collection_finish():
    """Spare each garbage collection, with which a training begins, the million imported objects."""
    gc.freeze()


@pytest.fixture(autouse=True)
def process_as_before():
    """Undo what commands change for their whole process, which is also that of later tests."""
    folder, path, variables = Path.cwd(), sys.path[:], dict(os.environ)
    with logging_as_before():
        yield
    os.chdir(folder)
    sys.path[:] = path
    for name in set(os.environ) - set(variables):
        del os.environ[name]
    os.environ.update(variables)


@contextmanager
def logging_as_before() -> Iterator[None]:
    """Remove the handlers that Hydra adds, for the standard output of one test and for a file."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        for added in set(root.handlers) - set(handlers):
            added.close()
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.fixture(scope="session")
def tiny_mnist():
    """1,200 training images; the brightest row tells the digit."""
    from depthgauge.datasets.prepared import Split, assemble  # after the import hook

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
    from hydra.core.global_hydra import GlobalHydra  # what runs on a GPU machine needs no hydra

    from depthgauge.planning.plan import prepared_data
    from projects import make_project

    root = make_project(tmp_path / "project", tiny_mnist)
    monkeypatch.chdir(root)
    prepared_data.cache_clear()
    GlobalHydra.instance().clear()
    return root


@pytest.fixture
def no_mlflow_address(monkeypatch):
    """Restore MLflow's address, which Lightning's MLFlowLogger sets for the whole process."""
    import mlflow

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    yield
    mlflow.set_tracking_uri(None)


@pytest.fixture
def depthgauge(capsys):
    """Run one command in this process; return its exit code, standard output and errors."""
    from depthgauge.cli.main import main

    def run(*words):
        code = 0
        try:
            with logging_as_before():
                main(words)
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run
