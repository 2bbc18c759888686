"""Why a cell did not finish is said only as far as it is known."""

import inspect
import re
import warnings
from concurrent.futures.process import BrokenProcessPool

import pytest
from filelock import FileLock
from joblib.externals.loky import process_executor

from depthgauge.config import Experiment
from depthgauge.execution.failure_causes import (
    WORKER_REPLACED,
    Endings,
    cause,
    watched_workers,
)
from depthgauge.training.block import Block

LOKY = "A worker process was unexpectedly terminated.\n\nThe exit codes of the workers are {%s}"


@pytest.fixture
def block(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Block(Experiment.__new__(Experiment), [(0, 0.1)], "key", "cell")


def begin(tmp_path):
    folder = tmp_path / ".cells" / "key"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ("SIGKILL(-9)", "ended by SIGKILL (often: out of memory)"),
        ("SIGSEGV(-11)", "ended by SIGSEGV"),
        ("EXIT(1), EXIT(1)", "ended by exit code 1"),
        ("nobody knows", "ended for an unknown reason"),
    ],
)
def test_a_worker_that_ended_early(block, tmp_path, codes, words):
    """Its signal or exit code is named; memory only for the signal that means it."""
    with watched_workers() as endings:
        raise BrokenProcessPool(LOKY % codes)
    assert cause([block], endings) == f"it was not started because a worker process {words}"
    begin(tmp_path)
    assert cause([block], endings) == f"its worker process {words}"


def test_lokys_warning_about_a_replaced_worker_is_not_shown():
    """It exists, in these words; other warnings are shown."""
    source = inspect.getsource(process_executor)
    assert WORKER_REPLACED in re.sub(r'"\s*"', "", source)
    with pytest.warns(UserWarning, match="memory is full"), watched_workers():
        warnings.warn(f"{WORKER_REPLACED}. This can", stacklevel=1)
        warnings.warn("memory is full", stacklevel=1)


def test_another_error_is_not_caught():
    """Only what launchers raise where a worker or a job ended early."""
    with pytest.raises(RuntimeError, match="mine"), watched_workers():
        raise RuntimeError("mine")


def test_what_the_process_wrote_comes_first(block, tmp_path):
    """Its own error, whatever became of other processes."""
    (begin(tmp_path) / "error.txt").write_text("no space left on the disk\n")
    assert cause([block], Endings(("SIGKILL",), True)) == "no space left on the disk"


def test_no_process_is_called_killed_if_none_ended(block, tmp_path):
    """A cell that was not started, or that another sweep computes."""
    assert cause([block], Endings()) == "it was not started"
    folder = begin(tmp_path)
    assert cause([block], Endings()) == "it ended without a record and without an error"
    with FileLock(folder / "lock"):
        assert cause([block], Endings()) == "another process computes it"


def test_a_job_of_a_cluster_points_to_its_output(block, tmp_path):
    """Where the batch system keeps what a job printed."""
    assert "never started" in cause([block], Endings(), "slurm")
    begin(tmp_path)
    said = cause([block], Endings(), "slurm")
    assert said == "its job was cancelled or killed; what it printed is in slurm"
