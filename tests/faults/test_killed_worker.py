"""A launcher's process is killed, as by a system that runs out of memory."""

import signal
import subprocess
import sys
import time

import psutil
import pytest
from commands import COMMANDS


def begun(sweep, project):
    """Wait until a sweep by joblib computes; return its workers."""
    deadline = time.monotonic() + 120
    while not list(project.glob(".cells/*/config.json")):
        assert time.monotonic() < deadline and sweep.poll() is None
        time.sleep(0.05)
    return [
        each
        for each in psutil.Process(sweep.pid).children(recursive=True)
        if "loky" in " ".join(each.cmdline()) and "resource_tracker" not in str(each.cmdline())
    ]


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_workers_end_with_their_sweep(project, number):
    """A connection that is lost, in order; a sweep that is killed cannot tell its workers."""
    words = [*COMMANDS["train"], "steps=900000", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    command = [sys.executable, "-m", "depthgauge.cli", *words]
    with subprocess.Popen(
        command,
        cwd=project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # tests that run under `nohup` ignore SIGHUP, and hand that on: a user's terminal does not
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    ) as sweep:
        workers = begun(sweep, project)
        assert workers
        sweep.send_signal(number)
        _, alive = psutil.wait_procs(workers, timeout=180)
        for worker in alive:
            worker.kill()
        _, said = sweep.communicate(timeout=180)
    assert not alive
    if number == signal.SIGHUP:
        assert sweep.returncode == 129 and "terminated; repeat the command" in said
        assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.alone
def test_a_killed_worker_ends_in_a_sentence_and_costs_nothing(zygote, project):
    """The sweep ends, says which cells are missing, and is whole when it is repeated."""
    words = [*COMMANDS["train"], "steps=20000", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    command = [sys.executable, "-m", "depthgauge.cli", *words]
    with subprocess.Popen(
        command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as sweep:
        workers = begun(sweep, project)
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
        _, said = sweep.communicate(timeout=180)
    assert workers
    assert sweep.returncode == 1 and "Traceback" not in said
    assert "cells did not finish" in said and "repeat the command to continue" in said
    again = zygote.ask(project, [*COMMANDS["train"], "steps=20000"])
    assert again["code"] == 0 and len(list(project.glob(".cells/*/record.safetensors"))) == 4
