"""One PostgreSQL and one tracking server for all tests of this folder."""

import os
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from team_servers import TrackingServer, postgres_programs, start_postgres

import projects


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
def command(tmp_path):
    """Start a command as a user does: with these sources, in a folder, in this environment."""

    def start(folder, words, **environment):
        ours = projects.environment()
        outside = {key: ours[key] for key in ours if not key.startswith("MLFLOW_")}
        own = {"HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
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
