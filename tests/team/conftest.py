"""One PostgreSQL and one tracking server for all tests of this folder."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra
from team_servers import TrackingServer, postgres_programs, start_postgres

from depthgauge.datasets.prepared import path_of, write
from depthgauge.stages.main import main
from depthgauge.stages.train import prepared_data

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def server():
    """A tracking server with the users alice and bob."""
    programs = postgres_programs()
    # Not pytest's own folder, which only root may enter.
    with tempfile.TemporaryDirectory(prefix="depthgauge-team-") as place:
        process, database = start_postgres(Path(place), programs)
        with tempfile.TemporaryDirectory() as folder:
            tracking = TrackingServer(Path(folder), database)
            try:
                tracking.wait()
                tracking.add_user("alice")
                tracking.add_user("bob")
                yield tracking
            finally:
                tracking.kill()
                os.killpg(process.pid, signal.SIGINT)  # a fast end, without its clients' leave
                process.wait(30)


@pytest.fixture
def environment(monkeypatch):
    """Change the environment of this process until the test ends."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")

    def change(variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return change


@pytest.fixture
def depthgauge(team_project, monkeypatch, capsys):
    """Run a command in this process; return its code, what it printed, what it complained of."""
    monkeypatch.chdir(team_project)
    prepared_data.cache_clear()
    GlobalHydra.instance().clear()

    def run(*words):
        code = 0
        try:
            main(words)
        except SystemExit as stop:
            code = stop.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def team_project(tmp_path, tiny_mnist):
    """Return the root of a project that holds conf/ and a prepared data set."""
    root = tmp_path / "project"
    shutil.copytree(ROOT / "conf", root / "conf")
    (root / "dvc.yaml").write_text("stages: {}\n")
    write(tiny_mnist, path_of(root, "mnist"))
    return root


@pytest.fixture
def command(tmp_path):
    """Start a command as a user does: with these sources, in a folder, in this environment."""

    def start(folder, words, **environment):
        outside = {key: os.environ[key] for key in os.environ if not key.startswith("MLFLOW_")}
        own = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "HOME": str(tmp_path),
            "OMP_NUM_THREADS": "1",
        }
        return subprocess.Popen(
            words, cwd=folder, env=outside | own | environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    return start


@pytest.fixture
def done(command):
    """Run a command to its end; return its exit code, what it printed, what it complained of."""

    def run(folder, words, **environment):
        process = command(folder, words, **environment)
        out, err = process.communicate(timeout=500)
        return process.returncode, out, err

    return run
