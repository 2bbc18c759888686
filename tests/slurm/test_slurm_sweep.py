"""A sweep through a real Slurm: what is killed, stopped or kept waiting is finished in the end."""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import pytest
from cluster import CPUS, NODE, ask
from filelock import FileLock

from depthgauge.planning.plan import plan

GRID = (
    "study=nielsen_accuracy",
    "scale=smoke",
    "hidden=[2],[3],[4],[5],[6],[7]",
    "steps=200",
    "seeds=1",
    "train_size=1000",
    "evaluation.every=100",
)
JOBS = ("hydra/launcher=slurm", "hydra.launcher.mem_gb=1", "hydra.launcher.timeout_min=5")

PATIENCE = 300
"""Seconds; a machine that does much else starts a Python with torch in a minute."""

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.usefixtures("slurm")]


@contextmanager
def training(*words):
    """Run `depthgauge train` beside the test."""
    with subprocess.Popen(
        [sys.executable, "-m", "depthgauge.cli", "train", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background job ignores SIGINT and hands that on: a user's terminal does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            yield process
        finally:
            process.kill()
            ask("scancel", "--me")


def until(found, process):
    """Wait for what `found` returns, while the command runs."""
    deadline = time.monotonic() + PATIENCE
    while not (result := found()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, ask("squeue")
        time.sleep(0.2)
    return result


def queue(field):
    """Return a field of each job in the queue, by its number in the array."""
    lines = ask("squeue", "--noheader", "--array", f"--format=%i {field}").splitlines()
    words = (line.split(maxsplit=1) for line in lines)
    return {int(job.rpartition("_")[2]): value for job, value in words}


def wait_for_an_empty_queue():
    """Wait until no job of a sweep is left."""
    deadline = time.monotonic() + PATIENCE
    while sweeps_jobs():
        assert time.monotonic() < deadline, ask("squeue")
        time.sleep(0.2)


def runs(root):
    """Return MLflow's status of each run."""
    with closing(sqlite3.connect(root / "mlflow.db")) as connection:
        return dict(connection.execute("select name, status from runs"))


def sweeps_jobs():
    """Return the names of the jobs in the queue that are a sweep's."""
    names = ask("squeue", "--noheader", "--array", "--format=%j").split()
    return [name for name in names if name.startswith("nielsen_accuracy-")]


def hold(folder):
    """Compute a block, as it seems to others."""
    folder.mkdir(parents=True)
    lock = FileLock(folder / "lock")
    lock.acquire()
    return lock


def test_a_sweep_goes_through_all_that_slurm_does_to_it(project, depthgauge, tmp_path, monkeypatch):
    """One task is cancelled, one meets its time limit, two wait for a drained node.

    The sweep ends and names the cancelled one; a second command submits that one alone. The books
    are right at every point, and the records those of a sweep without Slurm, byte for byte.
    """
    words = (*GRID, "out=build/cluster", *JOBS)
    alone = shutil.copytree(project, tmp_path / "alone")
    cells = [each.cell.blocks[0].key for each in plan(words)]
    locks = [hold(project / ".cells" / key) for key in cells[:2]]  # two begin, and cannot go on
    records = [project / ".cells" / key / "record.safetensors" for key in cells]
    logs = ".cells/sweeps/*/slurm/*_{}/*_log.err"
    with training(*words) as sweep:

        def waiting(task):
            return any("waiting" in path.read_text() for path in project.glob(logs.format(task)))

        until(lambda: waiting(0) and waiting(1), sweep)
        ask("scontrol", "update", f"NodeName={NODE}", "State=DRAIN", "Reason=test")
        until(lambda: all(path.exists() for path in records[2:4]), sweep)
        array = ask("squeue", "--noheader", "--format=%A").split()[0]
        ask("scancel", f"{array}_0")
        ask("scontrol", "update", f"JobId={array}_1", "EndTime=now+90")
        until(lambda: queue("%r").get(4, "").startswith(("Nodes", "ReqNode")), sweep)
        assert not records[4].exists() and not records[5].exists()
        ask("scontrol", "update", f"NodeName={NODE}", "State=RESUME")

        monkeypatch.chdir(alone)  # something to do meanwhile
        assert depthgauge("train", *GRID, "out=build/alone", "tracking=false")[0] == 0
        monkeypatch.chdir(project)
        until(lambda: "Restarts=1" in ask("scontrol", "show", "job", f"{array}_1"), sweep)
        locks[1].release()
        assert runs(project)["hidden=[3]"] in ("SCHEDULED", "RUNNING")
        assert runs(project)["smoke: hidden (6 runs)"] == "RUNNING"
        _, err = sweep.communicate(timeout=PATIENCE)
    assert sweep.returncode == 1 and "Traceback" not in err
    # this test holds its lock, as another process would
    assert "1 of 6 cells did not finish (hidden=[2]: another process computes it" in err
    assert [path.exists() for path in records] == [False] + 5 * [True]
    ended = runs(project)
    assert ended.pop("smoke: hidden (6 runs)") == "FAILED"
    assert ended.pop("hidden=[2]") == "KILLED" and set(ended.values()) == {"FINISHED"}
    locks[0].release()
    _, seen, _ = depthgauge("status", *GRID, "--json")
    states = [cell["state"] for cell in json.loads(seen)["studies"][0]["cells"]]
    assert states == ["stopped"] + 5 * ["done"]

    with training(*words) as sweep:
        out, err = sweep.communicate(timeout=PATIENCE)
    assert sweep.returncode == 0, err
    assert "6 cells done (5 already finished)" in out
    assert len(list(project.glob(logs.format(5)))) == 1, "what is done is not submitted again"
    assert set(runs(project).values()) == {"FINISHED"}
    for ours in (project / "build" / "cluster").iterdir():
        assert ours.read_bytes() == (alone / "build" / "alone" / ours.name).read_bytes()


def test_a_job_that_another_displaces_goes_on_afterwards(project, depthgauge):
    """Preemption: an urgent job takes all processors, and gives them back."""
    words = (*GRID[:2], "hidden=[2],[3]", *GRID[3:], *JOBS)
    cells = [each.cell.blocks[0].key for each in plan(words)]
    locks = [hold(project / ".cells" / key) for key in cells]
    with training(*words) as sweep:
        logs = ".cells/sweeps/*/slurm/*/*_log.err"

        def waiting():
            return sum(path.read_text().count("waiting") for path in project.glob(logs))

        until(lambda: waiting() == 2, sweep)
        urgent = "sbatch", "--partition=urgent", f"--ntasks={CPUS}", "--output=/dev/null"
        ask(*urgent, "--job-name=urgent", "--wrap=sleep 1")
        lines = ask("squeue", "--noheader", "--format=%F %j").splitlines()
        (array,) = {line.split()[0] for line in lines if "nielsen_accuracy" in line}
        for task in (0, 1):
            shown = ("scontrol", "show", "job", f"{array}_{task}")
            until(lambda shown=shown: "Restarts=1" in ask(*shown), sweep)
        for lock in locks:
            lock.release()
        _, err = sweep.communicate(timeout=PATIENCE)
    assert sweep.returncode == 0, err
    wait_for_an_empty_queue()  # on a busy machine a job that found its cell done ends later
    assert set(runs(project).values()) == {"FINISHED"}


def test_interrupted_it_takes_its_jobs_back(project, depthgauge):
    """Until then a second command of the same sweep is refused: it would submit the cells twice."""
    ask("sbatch", f"--ntasks={CPUS}", "--output=/dev/null", "--job-name=other", "--wrap=sleep 900")
    words = (*GRID, "tracking=false", *JOBS)
    with training(*words) as sweep:
        until(lambda: len(sweeps_jobs()) == 6, sweep)
        code, _, err = depthgauge("train", *words)
        assert (code, err.count("\n")) == (4, 1) and "of this sweep is in Slurm's queue" in err
        sweep.send_signal(signal.SIGINT)
        _, err = sweep.communicate(timeout=PATIENCE)
    assert sweep.returncode == 130 and "interrupted; repeat the command" in err
    assert sweeps_jobs() == []


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("hydra.launcher.partition=nope", "invalid partition specified: nope"),
        ("hydra.launcher.mem_gb=100000", "Requested node configuration is not available"),
        ("hydra.launcher.colour=red", "Could not override 'hydra.launcher.colour'"),
    ],
)
def test_what_slurm_refuses_is_one_sentence(key, reason, project, depthgauge):
    """Before anything is written: no run in MLflow, no sweep, no job."""
    code, _, err = depthgauge("train", *GRID, *JOBS, key)
    assert (code, err.count("\n")) == (2, 1) and reason in err
    assert not (project / "mlflow.db").exists() and not (project / "build").exists()
    assert not (project / ".cells" / "sweeps").exists()
    assert sweeps_jobs() == []
