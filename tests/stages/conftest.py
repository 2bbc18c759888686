"""A small project: this one's conf, a data set with MNIST's shape, no git and no network."""

import shutil
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

from depthgauge.datasets.prepared import path_of, write
from depthgauge.stages.main import main
from depthgauge.stages.train import prepared_data

CONF = Path(__file__).parents[2] / "conf"


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
