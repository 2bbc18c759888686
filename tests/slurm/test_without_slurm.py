"""A sweep on a cluster, as far as it can be tested without one."""

import json
import os
import socket
import warnings

import pytest

from depthgauge.execution import mlflow_runs, worker
from depthgauge.planning.plan import plan
from depthgauge.planning.slurm import refused

pytest.importorskip("submitit", reason="the extra `slurm` is not installed")
from submitit.core.utils import UncompletedJobError

CELL = ("study=nielsen_accuracy", "scale=smoke", "hidden=[5]", "steps=200", "train_size=1000")


def keys(*words):
    return [each.cell.key for each in plan([*CELL, *words])]


def test_the_machine_that_submits_plans_for_those_that_compute(project):
    """device=auto is what was asked of Slurm, whether there is a GPU here or not."""
    slurm, gpu = "hydra/launcher=slurm", "hydra.launcher.gpus_per_node=1"
    assert keys(slurm) == keys("device=cpu") == keys(slurm, gpu, "device=cpu")
    assert keys(slurm, gpu) == keys(slurm, "device=cuda") != keys(slurm)


def test_no_sbatch_is_one_sentence(project, depthgauge, monkeypatch, tmp_path):
    """Exit code 4, what is lacking, what else would do; nothing is written."""
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, err = depthgauge("train", *CELL, "hydra/launcher=slurm")
    assert (code, err.count("\n")) == (4, 1)
    assert "needs Slurm's sbatch, srun" in err and "hydra/launcher=joblib" in err
    assert not (project / "mlflow.db").exists()


def test_an_srun_on_the_path_gives_no_warning(project, depthgauge, monkeypatch, tmp_path):
    """Lightning would warn, and in a job take Slurm's signals: warnings are errors here."""
    srun = tmp_path / "srun"
    srun.touch(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_NAME", "anything")
    monkeypatch.setenv("SLURM_NTASKS", "2")  # Lightning would refuse these
    warnings.filterwarnings("error", "The .srun. command")
    code, _, err = depthgauge("train", *CELL, "seeds=1", "tracking=false")
    assert (code, err) == (0, "")


def test_a_controller_that_is_away_is_no_wrong_key():
    """Exit code 4, not 2."""
    words = "Unable to contact slurm controller (connect failure)"
    away = refused(f"sbatch: error: Batch job submission failed: {words}\n")
    assert away.exit_code == 4 and words in str(away)
    assert refused("sbatch: error: Invalid qos specification\n").exit_code == 2


def test_too_many_time_limits_end_a_cell(project, monkeypatch):
    """submitit's exception is not one of the block's: the cell does not go on to its next block."""
    (cell,) = plan([*CELL])
    block = cell.cell.blocks[0]
    (project / ".cells" / block.key).mkdir(parents=True)

    def compute():
        raise UncompletedJobError("Job not requeued because: timed-out too many times.")

    with pytest.raises(UncompletedJobError):
        worker.finish(block, compute)
    err = (project / ".cells" / block.key / "error.txt").read_text()
    assert "max_num_timeout" in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("host", "found"),
    [(None, {0.1: "run"}), (socket.gethostname(), {0.1: "run"}), ("elsewhere", {})],
)
def test_a_file_of_sqlite_is_written_by_one_machine(host, found, tmp_path):
    """Cells on other machines are not followed live; a server has no host to compare."""
    runs = {"host": host, "children": {"cell": {"0.1": "run"}}}
    (tmp_path / mlflow_runs.RUNS).write_text(json.dumps(runs))
    assert mlflow_runs._runs_of(tmp_path, "cell") == found
