"""A project whose cells take a moment, and a Slurm for it."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from cluster import cluster, missing
from hydra.core.global_hydra import GlobalHydra

from depthgauge.datasets.prepared import path_of, write
from depthgauge.stages.main import main
from depthgauge.stages.train import prepared_data

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path, monkeypatch, tiny_mnist):
    """Return the root of a project that holds conf/ and a prepared data set, and go there."""
    root = tmp_path / "project"
    shutil.copytree(ROOT / "conf", root / "conf")
    (root / "dvc.yaml").write_text("stages: {}\n")
    write(tiny_mnist, path_of(root, "mnist"))
    monkeypatch.chdir(root)
    sources = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sources)))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    prepared_data.cache_clear()
    GlobalHydra.instance().clear()
    return root


@pytest.fixture
def depthgauge(capsys):
    """Run one command here; return its exit code, what it printed, and what it complained of."""

    def run(*words):
        code = 0
        try:
            main(words)
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture(scope="module")
def loopback(tmp_path_factory):
    """A cluster on this machine; yield what leads Slurm's commands to it."""
    if lacking := missing():
        pytest.skip(f"no Slurm here: {', '.join(lacking)} (Debian: slurm-wlm)")
    if not find_spec("submitit"):
        pytest.skip("the extra `slurm` is not installed")
    with cluster(tmp_path_factory.mktemp("slurm")) as lead:
        yield lead


@pytest.fixture
def slurm(loopback, monkeypatch):
    """Lead the commands of this test to the cluster."""
    for name, value in loopback.items():
        monkeypatch.setenv(name, value)
