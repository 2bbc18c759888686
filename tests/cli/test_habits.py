"""What a user of Hydra, Lightning and lightning-hydra-template types without thinking."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

FAST = [
    *("study=nielsen_accuracy", "scale=smoke", "steps=20", "seeds=1", "train_size=1000"),
    *("evaluation.every=10", "tracking=false"),
]
DRY = [*FAST, "hidden=[5]", "--dry-run"]
JOB = ["study=nielsen_accuracy", "--cfg", "job"]

MINE = """\
# @package _global_
notebook: {question: "Does it?", source: ours}
hydra: {sweeper: {params: {hidden: "[5],[6]"}}}
train_size: 1000
learning_rate: 0.1
steps: 20
"""

MODELS = [
    *("study=nielsen_capacity", "scale=smoke", "train_size=1000", "gradients.images=50"),
    *("hidden=[5]", "--dry-run"),
]


@pytest.fixture
def mine(project):
    """A folder of the user's beside the project, with a study."""
    folder = project.parent / "my_conf"
    (folder / "study").mkdir(parents=True)
    (folder / "study/mine.yaml").write_text(MINE)
    return folder


PRINTED = [
    (["--help"], "Run a study"),
    (["--hydra-help"], "--shell-completion"),
    (["--version"], "Hydra 1."),
    (JOB, "cost: cross_entropy"),
    ([*JOB, "--resolve"], "steps: 150000"),
    ([*JOB, "-p", "evaluation"], "splits:"),
    (["-c", "job", "study=nielsen_accuracy", "seeds=4"], "seeds: 4"),
    (["study=nielsen_accuracy", "--cfg", "hydra", "-p", "hydra.launcher"], "BasicLauncher"),
    ([*JOB, "hydra/launcher=joblib", "--cfg", "hydra"], "JoblibLauncher"),
    (["study=nielsen_accuracy", "--cfg", "all", "-p", "hydra.job"], "chdir:"),
    (["study=nielsen_accuracy", "--info", "defaults"], "| study/nielsen_accuracy "),
    (["study=nielsen_accuracy", "--info", "config"], "cost: cross_entropy"),
    (["study=nielsen_accuracy", "--info", "searchpath"], "Config search path"),
    ([*JOB, "dataset=cifar10"], "name: cifar10"),
    ([*JOB, "++seeds=7"], "seeds: 7"),
    ([*JOB, "++notebook.mine=yes"], "mine: "),
    ([*JOB, "+notebook.mine=1"], "mine: 1"),
    ([*JOB, "+experiment=float64"], "precision: float64"),
    ([*JOB, "callbacks=summary"], "RichModelSummary"),
    ([*JOB, "logger=csv", "trainer=default"], "CSVLogger"),
    ([*JOB, "+trainer.profiler=simple"], "profiler: simple"),
    ([*JOB, "+callbacks.lr._target_=pytorch_lightning.callbacks.LearningRateMonitor"], "LearningR"),
    (["study=nielsen_capacity", "--cfg", "job", "model=tanh"], "activation: tanh"),
]


@pytest.mark.parametrize(("words", "shown"), PRINTED)
def test_what_hydra_prints_is_printed(words, shown, project, depthgauge):
    """Nothing is trained, and nothing complained of."""
    code, out, err = depthgauge("train", *words)
    assert (code, err) == (0, "") and shown in out
    assert not (project / ".cells").exists()


def test_a_key_that_is_taken_away_is_gone(project, depthgauge):
    """~key, of Hydra's."""
    _, before, _ = depthgauge("train", *JOB, "-p", "notebook")
    code, after, err = depthgauge("train", *JOB, "-p", "notebook", "~notebook.source")
    assert (code, err) == (0, "") and "source:" in before and "source:" not in after


PLANNED = [
    (["-m", *DRY], "one cell"),
    ([*DRY, "--multirun", "seeds=1,2"], "seeds=2"),
    ([*DRY, "learning_rate=range(1,3)"], "learning_rate=2"),
    ([*DRY, "l2=choice(0,3)"], "l2=3"),
    ([*DRY, "+experiment=dense,float64"], "experiment=float64"),
    ([*DRY, "seeds=2", "batch_size=5"], " 2 "),
    ([*DRY, "dataset=glob(mni*)"], "dataset=mnist"),
    ([*DRY, "hydra/launcher=joblib"], "under 1 s"),
    ([*DRY, "callbacks=none", "logger=none", "trainer=default"], "under 1 s"),
    ([*DRY, "hydra.sweep.dir=elsewhere", "hydra.job.name=mine"], "under 1 s"),
    ([*MODELS, "model=plain,tanh"], "model=tanh"),
    ([*MODELS, "model=frozen"], "under 1 s"),
    (["--config-dir", "../my_conf", "study=mine", "--dry-run"], "hidden=[6]"),
    (["hydra.searchpath=[file://../my_conf]", "study=mine", "--dry-run"], "hidden=[6]"),
]


@pytest.mark.parametrize(("words", "shown"), PLANNED)
def test_what_hydra_sweeps_is_planned(words, shown, mine, depthgauge):
    """--dry-run shows the cells of any sweep that a grid can have."""
    code, out, err = depthgauge("train", *words)
    assert (code, err) == (0, "") and shown in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([*DRY, "hydra.job.chdir=true"], "cells and data are found relative to the project's root"),
        (["study=nielsen_accuracy,bounds", "-m"], "names more than one study"),
        ([*DRY, "experiment=dense"], "+experiment=dense"),
        ([*DRY, "model=tanh"], "model must be left out: its page has none"),
        ([*DRY, "dataset=digits"], "or dataset.name=digits if you prepared it"),
        ([*DRY, "trainer.max_epochs=10"], "trainer.max_epochs is not set yet: add it as +"),
        ([*DRY, "+trainer.max_epochs=10"], "use steps="),
        ([*DRY, "--study", "bounds"], "--study is a key, not an option: write study=bounds"),
        ([], "which study? add study=NAME"),
        ([*DRY, "seed=3"], "unknown setting seed (did you mean seeds?)"),
        ([*DRY, "lr=0.1"], "unknown setting lr (did you mean learning_rate?)"),
        ([*DRY, "task_name=mine"], "unknown setting task_name; `depthgauge train study=NAME --cfg"),
        ([*DRY, "hydra/sweeper=nosuch"], "hydra/sweeper=nosuch is unknown; choose one of"),
    ],
)
def test_a_habit_that_cannot_work_is_answered_with_what_does(words, sentence, project, depthgauge):
    """In one sentence, before anything is trained."""
    code, _, err = depthgauge("train", *words)
    assert code == 2 and sentence in err and err.count("\n") == 1, err


def test_what_only_prints_starts_without_torch(project):
    """`--cfg job` and TAB compose; nothing that they print needs a library of training."""
    code = (
        "import sys; from depthgauge.cli.main import main; main(sys.argv[1:]);"
        "print(sorted({'torch', 'mlflow', 'scipy', 'xarray', 'numba'} & set(sys.modules)))"
    )
    tab = ["completion", "bash", "--line", "depthgauge train study=nielsen_accuracy st"]
    for words, shown in ((["train", *JOB], "cost: cross_entropy"), (tab, "steps=")):
        command = [sys.executable, "-c", code, *words]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0 and shown in done.stdout, done.stderr
        assert done.stdout.splitlines()[-1] == "[]"


def test_a_search_by_optuna_composes(project, depthgauge):
    """Its sweeper is one of Hydra's; without the extra, the sentence names it."""
    code, out, err = depthgauge("train", *JOB, "hydra/sweeper=optuna", "--cfg", "hydra")
    if find_spec("optuna"):
        assert (code, err) == (0, "") and "OptunaSweeper" in out
    else:
        assert code == 4 and "[optuna]" in err


def test_status_takes_the_words_of_train(mine, depthgauge):
    """A folder of the user's, by either way; sizes; a launcher."""
    for first in (["--config-dir", "../my_conf"], ["hydra.searchpath=[file://../my_conf]"]):
        words = ["study=mine", "hydra/launcher=joblib", "seeds=2"]
        code, out, err = depthgauge("status", *first, *words)
        assert (code, err) == (0, "") and "hidden=[6]" in out, out
    code, _, err = depthgauge("status", "study=mine")
    assert code == 2 and "study=mine is unknown" in err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["status", "--study", "bounds"], "--study is a key, not an option: write"),
        (["claims", "--study=bounds"], "write study=bounds"),
        (["track", "--study", "bounds"], "write study=bounds"),
        (["prune", "--scale", "quick"], "write scale=quick"),
        (["show", "--dataset", "mnist"], "write dataset=mnist"),
        (
            ["claims", "verdict=fails"],
            "verdict=fails: this is an option of claims; write --verdict",
        ),
        (["claims", "seeds=3"], "unknown word 'seeds=3': claims takes study=VALUE"),
    ],
)
def test_every_command_has_one_form_for_keys_and_one_for_options(words, sentence, depthgauge):
    """The other form is answered with the right one."""
    code, _, err = depthgauge(*words)
    assert code == 2 and sentence in err and err.count("\n") == 1, err
