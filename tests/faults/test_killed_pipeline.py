"""`dvc repro` killed with all its children: repeated, it ends, and DVC has no complaint."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from projects import environment, put_under_dvc

TRAIN = (
    "scale=smoke",
    "hidden=[5],[4,3]",
    "steps=500",
    "seeds=2",
    "train_size=1000",
    "evaluation.every=100",
)

SIGNALS = [signal.SIGKILL] + [signal.SIGINT] * ("DEPTHGAUGE_KILLS" in os.environ)
"""The soak takes both."""


@pytest.fixture
def repository(blank_project, tmp_path):
    """The blank project under git and DVC, with three stages."""
    root = Path(shutil.copytree(blank_project, tmp_path / "repository"))
    put_under_dvc(root, "nielsen_accuracy", *TRAIN)
    return root


def dvc(root, *words, **more):
    """Start a command of DVC, in its own process group, as a terminal's job is."""
    return subprocess.Popen(
        [sys.executable, "-m", "dvc", *words],
        cwd=root,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **more,
    )


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("number", SIGNALS)
def test_a_killed_pipeline_is_repeated_and_clean(number, repository):
    """No lock, no half output stays in its way."""
    with dvc(
        repository, "repro", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    ) as running:
        deadline = time.monotonic() + 200
        while not list(repository.glob(".cells/*/config.json")):
            assert time.monotonic() < deadline and running.poll() is None
            time.sleep(0.02)
        os.killpg(running.pid, number)
        running.communicate(timeout=100)
    for words, wanted in ((["repro"], "report"), (["status"], "up to date")):
        with dvc(repository, *words) as again:
            err, _ = again.communicate(timeout=300)
        assert again.returncode == 0 and wanted in err, err
    assert len(list(repository.glob("build/nielsen_accuracy/*.safetensors"))) == 2
