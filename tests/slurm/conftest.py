"""A project whose jobs find these sources, and a Slurm for it."""

from importlib.util import find_spec

import pytest
from cluster import cluster, missing

from projects import environment


@pytest.fixture
def project(project, monkeypatch):
    """The small project; each job starts its own Python, and no server is contacted."""
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return project


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
