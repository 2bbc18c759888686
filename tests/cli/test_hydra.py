"""What users of Hydra type after `depthgauge train` does what Hydra does elsewhere."""

import re
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from omegaconf import OmegaConf

from depthgauge.execution.objective import objective_of
from depthgauge.planning.plan import plan
from depthgauge.records import read_study

PAGE = """\
# @package _global_
defaults: [{defaults}]
notebook: {{question: "Does it?", source: ours}}
hydra: {{sweeper: {{params: {{hidden: "[5],[6]"}}}}}}
at: {{smoke: {{}}, quick: {{}}}}
{more}
"""

FAST = [
    "study=nielsen_accuracy",
    "scale=smoke",
    "steps=20",
    "seeds=1",
    "train_size=1000",
    "evaluation.every=10",
    "tracking=false",
]
TWO = [*FAST, "hidden=[5],[6]"]


def page(folder, name, defaults="", more=""):
    """Write a study page."""
    (folder / "study").mkdir(parents=True, exist_ok=True)
    (folder / "study" / f"{name}.yaml").write_text(PAGE.format(defaults=defaults, more=more))


def labels(folder):
    return [record.attrs["label"] for record in read_study(folder)]


def command(*words):
    """`depthgauge train` in its own process, as launchers with processes need."""
    line = [sys.executable, "-m", "depthgauge.cli", "train", *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["study=nielsen_accuracy", "--cfg", "job"], "cost: cross_entropy"),
        (["study=nielsen_accuracy", "-c", "job", "-p", "gradients"], "# @package gradients\nevery"),
        (
            ["--cfg", "hydra", "study=nielsen_accuracy"],
            "_target_: hydra_plugins.depthgauge_sweeper",
        ),
        (["study=nielsen_accuracy", "--cfg", "job", "--resolve"], "steps: 150000"),
        (["study=nielsen_accuracy", "--info", "defaults"], "| study/nielsen_accuracy "),
        (["study=nielsen_accuracy", "--info", "searchpath"], "Config search path"),
        (["--hydra-help"], "--shell-completion"),
        (["--version"], "Hydra 1."),
    ],
)
def test_hydras_options_print_what_they_print_elsewhere(words, shown, project):
    """Nothing is trained, no folder is made."""
    done = command(*words)
    assert (done.returncode, done.stderr) == (0, "") and shown in done.stdout
    assert not (project / ".cells").exists()


def test_a_folder_of_ones_own(project, depthgauge, tmp_path, monkeypatch):
    """--config-dir, as seen from where the command is given, and hydra.searchpath."""
    page(tmp_path / "own", "mine")
    monkeypatch.chdir(project / "conf")
    code, _, err = depthgauge("train", "--config-dir", "../../own", "study=mine", *TWO[1:])
    assert (code, err) == (0, "")
    path = f"hydra.searchpath=[file://{tmp_path / 'own'}]"
    code, out, _ = depthgauge("train", path, "study=mine", *TWO[1:])
    assert code == 0 and "2 cells done (2 already finished)" in out


def test_another_primary_config(project, depthgauge):
    """--config-name, which may choose the study; one without our callback is noticed."""
    page(project / "conf", "mine")
    (project / "conf/other.yaml").write_text(
        "defaults: [config, _self_, {override study: mine}]\nseeds: 2\n"
    )
    code, out, err = depthgauge("train", "--config-name", "other", *FAST[1:3], "--dry-run")
    assert code == 2 and "train_size" in err
    words = [word for word in FAST[1:] if not word.startswith("seeds")]
    code, out, err = depthgauge("train", "--config-name", "other", *words, "--dry-run")
    assert (code, err) == (0, "") and "hidden=[5]" in out and re.search(r"to do +2 ", out)


@pytest.mark.parametrize("first", [["-m"], ["--multirun"], []])
def test_a_study_sweeps_with_m_and_without(first, project, depthgauge):
    """Wherever -m stands."""
    code, out, err = depthgauge("train", *FAST, *first, "hidden=[5],[6]", "--dry-run")
    assert (code, err) == (0, "") and "hidden=[6]" in out


def test_a_single_run(project, depthgauge):
    """hydra.mode=RUN trains the page's cell without its grid."""
    code, out, err = depthgauge("train", *FAST, "hydra.mode=RUN", "hidden=[5]", "out=build/x")
    assert (code, err) == (0, "") and "1 cell done" in out
    assert labels(project / "build/x") == ["one cell"]
    code, _, err = depthgauge("train", *TWO, "hydra.mode=RUN")
    assert code == 2 and "Ambiguous value for argument 'hidden=[5],[6]'" in err


def test_hydras_own_files_go_where_they_are_sent(project, depthgauge):
    """hydra.sweep.dir and hydra.sweep.subdir; the records stay where they are found again."""
    sent = ("hydra.sweep.dir=elsewhere/x", "hydra.sweep.subdir=job_${hydra.job.num}")
    code, _, err = depthgauge("train", *TWO, *sent)
    assert (code, err) == (0, "")
    assert {"multirun.yaml", "job_0", "job_1"} <= {
        path.name for path in (project / "elsewhere/x").iterdir()
    }
    code, out, _ = depthgauge("train", *TWO)
    assert code == 0 and "2 already finished" in out


def test_the_sweepers_parameters_are_one_grid(project, depthgauge):
    """What a dry run shows is what is trained."""
    words = [*FAST, "hydra.sweeper.params.hidden='[7]'", "hydra.sweeper.max_batch_size=1"]
    _, planned, _ = depthgauge("train", *words, "--dry-run")
    assert "hidden=[7]" in planned and "hidden=[30]" not in planned
    code, _, _ = depthgauge("train", *words, "out=build/x")
    assert code == 0 and labels(project / "build/x") == ["hidden=[7]"]


def test_jobs_have_their_environment_and_callbacks(project, depthgauge, monkeypatch):
    """hydra.job.env_set reaches the job; a callback of the user's is called beside ours."""
    (project / "job_watcher.py").write_text(
        "import os\n"
        "from hydra.experimental.callback import Callback\n"
        "class Mine(Callback):\n"
        "    def on_job_start(self, config, **_):\n"
        "        with open('seen', 'a') as file:\n"
        "            file.write(os.environ['FOO'])\n"
    )
    monkeypatch.syspath_prepend(project)
    extra = ("+hydra.job.env_set.FOO=bar", "+hydra.callbacks.mine._target_=job_watcher.Mine")
    code, _, err = depthgauge("train", *TWO, *extra)
    assert (code, err) == (0, "") and (project / "seen").read_text() == "barbar"


def test_experiment_files_are_swept_over(project, depthgauge):
    """+experiment=a,b: a cell each, named by the file."""
    words = [*FAST, "hidden=[5]", "+experiment=dense,float64", "out=build/x"]
    code, _, err = depthgauge("train", *words)
    assert (code, err) == (0, "")
    dense, double = read_study(project / "build/x")
    assert dense.attrs["axes"] == {"experiment": "dense"}
    assert dense.attrs["config"]["saturation"]["every"] == 100
    assert double.attrs["config"]["precision"] == "float64"


@pytest.mark.parametrize(
    "launcher", ["joblib", pytest.param("submitit_local", marks=pytest.mark.slow)]
)
def test_launchers_with_processes(launcher, project, depthgauge):
    """The same records, byte for byte, as one process makes."""
    if launcher == "submitit_local" and not find_spec("submitit"):
        pytest.skip("the extra `slurm` is not installed")
    done = command(*TWO, f"hydra/launcher={launcher}", "out=build/two")
    assert done.returncode == 0, done.stderr
    for path in project.glob(".cells/*/record.safetensors"):
        path.unlink()
    assert depthgauge("train", *TWO, "hydra/launcher=basic", "out=build/one")[0] == 0
    for name in ("000.safetensors", "001.safetensors"):
        one, two = (project / "build" / part / name for part in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_a_page_chooses_its_launcher(project, depthgauge, monkeypatch, tmp_path):
    """Slurm is recognised in the composed config, not in the words."""
    pytest.importorskip("submitit", reason="the extra `slurm` is not installed")
    page(project / "conf", "mine", "{override /hydra/launcher: slurm}")
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, err = depthgauge("train", "study=mine", *FAST[1:])
    assert (code, err.count("\n")) == (4, 1) and "needs Slurm's sbatch" in err


def test_a_page_edited_while_its_sweep_runs_changes_nothing(project, depthgauge, monkeypatch):
    """Every cell is trained as it was planned, though the launcher composes its words anew."""
    page(project / "conf", "mine", more="seeds: 1")
    (project / "edits.py").write_text(
        "from pathlib import Path\n"
        "from hydra.experimental.callback import Callback\n"
        "class Edits(Callback):\n"
        "    def on_job_end(self, **_):\n"
        "        page = Path('conf/study/mine.yaml')\n"
        "        page.write_text(page.read_text().replace('seeds: 1', 'seeds: 3'))\n"
    )
    monkeypatch.syspath_prepend(project)
    words = [word for word in FAST[1:] if not word.startswith("seeds")]
    edits = "+hydra.callbacks.mine._target_=edits.Edits"
    code, _, err = depthgauge("train", "study=mine", *words, edits, "out=build/x")
    assert (code, err) == (0, "")
    assert [record.seed.size for record in read_study(project / "build/x")] == [1, 1]


def test_code_that_changed_after_planning_is_named(project, depthgauge, monkeypatch):
    """A cell of another key is not trained, and nobody is said to have killed it."""
    from depthgauge.execution import worker

    real = worker.build_cell
    monkeypatch.setattr(worker, "build_cell", lambda config, _, device: real(config, "x", device))
    code, _, err = depthgauge("train", *TWO)
    assert code == 2 and "code or data changed after the cells were planned" in err
    assert "killed" not in err


FOREIGN = """\
_target_: hydra._internal.core_plugins.basic_sweeper.BasicSweeper
max_batch_size: null
params: null
"""


def test_a_sweeper_that_is_not_ours_trains_trial_by_trial(project, depthgauge):
    """Each is checked as it comes, skipped if it is done, and assembled with the others."""
    (project / "conf/hydra/sweeper").mkdir()
    (project / "conf/hydra/sweeper/plain.yaml").write_text(FOREIGN)
    words = [*TWO, "hydra/sweeper=plain", "out=build/x"]
    assert depthgauge("train", *FAST, "hidden=[6]")[0] == 0
    (before,) = project.glob(".cells/*/record.safetensors")
    at = before.stat().st_mtime_ns
    code, _, err = depthgauge("train", *words)
    assert (code, err) == (0, "") and before.stat().st_mtime_ns == at
    assert labels(project / "build/x") == ["hidden=[5]", "hidden=[6]"]
    code, _, err = depthgauge("train", *words, "hidden=[0]")
    assert code == 2 and "invalid hidden=[0]" in err
    code, _, err = depthgauge("train", *words, "--dry-run")
    assert code == 2 and "--dry-run: " in err


def test_a_search_by_optuna(project, depthgauge):
    """The shipped page finds the rate of the lowest cost among its trials, and says which."""
    pytest.importorskip("optuna", reason="the extra `optuna` is not installed")
    words = [*FAST, "hidden=[5]", "+experiment=find_learning_rate", "out=build/x"]
    done = command(*words, "hydra.sweeper.n_trials=3")
    assert done.returncode == 0, done.stderr
    found = read_study(project / "build/x")
    last = [record.cost_validation.isel(evaluation_step=-1) for record in found]
    rates = [float(record.learning_rate[0]) for record in found]
    costs = {rate: float(cost.mean()) for rate, cost in zip(rates, last, strict=True)}
    assert len(costs) == 3
    assert f"Best parameters: {{'learning_rate': {min(costs, key=costs.get)}}}" in done.stdout
    lacking = command(*words, "hydra.sweeper.n_trials=1", "objective=beauty")
    assert lacking.returncode == 2 and "objective=beauty is not measured" in lacking.stderr
    without = command(*words, "hydra.sweeper.n_trials=1", "objective=null")
    assert without.returncode == 2 and "name it, as in objective=cost_validation" in without.stderr


def test_what_another_sweeper_raises_is_a_sentence(project, depthgauge):
    """Before its first trial, as optuna's for a direction that it does not know."""
    (project / "conf/hydra/sweeper").mkdir()
    page = FOREIGN.replace("max_batch_size: null", "max_batch_size: many")
    (project / "conf/hydra/sweeper/plain.yaml").write_text(page)
    code, _, err = depthgauge("train", *TWO, "hydra/sweeper=plain")
    assert code == 2 and "BasicSweeper raises TypeError: " in err and err.count("\n") == 1


@pytest.mark.parametrize(("direction", "worst"), [("minimize", np.inf), ("maximize", -np.inf)])
def test_a_trial_that_diverged_is_the_worst_of_a_search(direction, worst, project, depthgauge):
    """An infinite accuracy would be the best of a search that maximizes."""
    words = [*FAST, "hidden=[5]", "learning_rate=1e30", "objective=accuracy_validation"]
    depthgauge("train", *words)
    (planned,) = plan(words)
    search = OmegaConf.create({"hydra": {"sweeper": {"direction": direction}}})
    assert objective_of(planned, search) == worst


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["hydra.job.chdir=true"], "hydra.job.chdir=true is not supported: "),
        (["hydra/launcher=joblib", "hydra.launcher.n_jobs=0"], "hydra.launcher.n_jobs=0 leaves"),
        (["hydra.sweeper.max_batch_size=0"], "max_batch_size=0: give a number"),
        (["hydra.launcher.n_jobs=2"], "To append to your config use +hydra.launcher.n_jobs=2"),
        (["hydra.job.env_set.FOO=bar"], "To append to your config use +hydra.job.env_set.FOO=bar"),
        (["hydra/launcher=nosuch", "--dry-run"], "hydra/launcher=nosuch is unknown; choose one of"),
        (["hydra.launcher.nosuch=1", "--dry-run"], "Could not override 'hydra.launcher.nosuch'"),
        (["hydra.sweeper._target_=nosuch.X"], "Invalid plugin 'nosuch.X'"),
        (["learning_rate=interval(0.1,3)"], "takes an interval, as hydra/sweeper=optuna does"),
        (["+experiment=nosuch"], "experiment=nosuch"),
        (["--config-dir", "nosuch"], "nosuch' not found"),
    ],
)
def test_what_cannot_work_is_refused_in_a_sentence(words, sentence, project, depthgauge):
    """Exit code 2, one line, nothing trained."""
    code, _, err = depthgauge("train", *words, *TWO)
    assert code == 2 and sentence in err and err.count("\n") == 1, err
    assert not list(project.glob(".cells/*/record.safetensors"))


def test_an_extra_that_is_not_installed_is_named(project, depthgauge):
    """The command that brings it."""
    if find_spec("optuna"):
        pytest.skip("the extra `optuna` is installed")
    code, _, err = depthgauge("train", *FAST, "hydra/sweeper=optuna")
    assert code == 4 and "pip install" in err and "[optuna]" in err and err.count("\n") == 1
