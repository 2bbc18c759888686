"""A launcher's process is killed, as by a system that runs out of memory."""

import signal
import subprocess
import sys
import time

import psutil
import pytest
from commands import COMMANDS


@pytest.mark.pipeline
def test_a_killed_worker_ends_in_a_sentence_and_costs_nothing(zygote, project):
    """The sweep ends, says which cells are missing, and is whole when it is repeated."""
    words = [*COMMANDS["train"], "steps=20000", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    command = [sys.executable, "-m", "depthgauge.stages", *words]
    with subprocess.Popen(
        command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as sweep:
        deadline = time.monotonic() + 120
        while not (busy := list(project.glob(".cells/*/config.json"))):
            assert time.monotonic() < deadline and sweep.poll() is None
            time.sleep(0.05)
        workers = [
            each
            for each in psutil.Process(sweep.pid).children(recursive=True)
            if "loky" in " ".join(each.cmdline()) and "resource_tracker" not in str(each.cmdline())
        ]
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
        _, told = sweep.communicate(timeout=120)
    assert busy and workers
    assert sweep.returncode == 1 and "Traceback" not in told
    assert "cells did not finish" in told and "repeat the command to go on" in told
    again = zygote.ask(project, [*COMMANDS["train"], "steps=20000"])
    assert again["code"] == 0 and len(list(project.glob(".cells/*/record.safetensors"))) == 4
