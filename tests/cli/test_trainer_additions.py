"""A user's callbacks, loggers and arguments of Lightning's Trainer, from the command line."""

import csv
import sqlite3
import sys
from contextlib import closing

import pytest

from depthgauge.errors import ConfigError
from depthgauge.planning.plan import plan

FAST = [
    *("study=nielsen_accuracy", "scale=smoke", "steps=20", "seeds=2", "train_size=1000"),
    *("evaluation.every=10", "tracking=false", "hidden=[5]"),
]

MINE = """
import pytorch_lightning as pl
import torch

class Batches(pl.Callback):
    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        for logger in trainer.loggers:
            logger.log_metrics({"batch": batch_idx}, step=batch_idx)

class Meddler(pl.Callback):
    def on_train_start(self, trainer, pl_module):
        with torch.no_grad():
            for each in [*pl_module.parameters(), *pl_module.buffers()]:
                each += 1
"""


@pytest.fixture
def mine(project, monkeypatch):
    """A module of the user's with callbacks."""
    (project / "watchers.py").write_text(MINE)
    monkeypatch.syspath_prepend(project)
    yield project
    sys.modules.pop("watchers", None)


def test_a_callback_sees_the_training_and_changes_no_byte_of_it(mine, depthgauge):
    """What it logs is a CSV file of the job; the key is the same with it and without."""
    assert depthgauge("train", *FAST, "out=build/plain")[0] == 0
    (record,) = mine.glob(".cells/*/record.safetensors")
    record.unlink()
    words = ("+callbacks.mine._target_=watchers.Batches", "hydra.sweep.dir=jobs", "out=build/seen")
    code, _, err = depthgauge("train", *FAST, *words)
    assert (code, err) == (0, "") and record.exists()
    (path,) = mine.glob("jobs/0/lightning/*/metrics.csv")
    with path.open() as file:
        assert [row["batch"] for row in csv.DictReader(file)] == ["0"]
    one, two = (mine / "build" / each / "000.safetensors" for each in ("plain", "seen"))
    assert one.read_bytes() == two.read_bytes()


def test_an_mlflow_logger_leaves_our_runs_where_they_are(project, depthgauge, no_mlflow_address):
    """Lightning's sets MLFLOW_TRACKING_URI, which would take the second cell's run with it."""
    theirs = f"sqlite:///{project / 'theirs.db'}"
    words = ["+logger.mine._target_=pytorch_lightning.loggers.MLFlowLogger", "tracking=true"]
    code, _, err = depthgauge("train", *FAST, *words, f"+logger.mine.tracking_uri={theirs}",
                              "hidden=[5],[6]")  # fmt: skip
    assert code == 0 and "cannot be used" not in err
    for name, experiments in (("mlflow.db", "nielsen_accuracy"), ("theirs.db", "lightning_logs")):
        with closing(sqlite3.connect(project / name)) as database:
            found = database.execute("select name from experiments where experiment_id > 0")
            assert found.fetchall() == [(experiments,)]
            found = database.execute("select distinct status from runs")
            assert found.fetchall() == [("FINISHED",)]


def test_a_callback_that_changes_weights_fails_its_cell(mine, depthgauge):
    """By name and hook; no record is kept."""
    code, _, err = depthgauge("train", *FAST, "+callbacks.mine._target_=watchers.Meddler")
    assert code == 1 and "Meddler.on_train_start changed " in err
    assert not list(mine.glob(".cells/*/record.safetensors"))


def test_groups_choose_them(project, depthgauge, capsys):
    """callbacks=summary prints Lightning's table; none and default add nothing."""
    code, out, _ = depthgauge("train", *FAST, "callbacks=summary", "logger=csv")
    assert code == 0 and "Total params" in out and "1 cell done" in out
    code, out, _ = depthgauge("train", *FAST, "callbacks=none", "trainer=default")
    assert code == 0 and "1 cell done (1 already finished)" in out


LIGHTNINGS = "+callbacks.x._target_=pytorch_lightning.callbacks"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([f"{LIGHTNINGS}.EarlyStopping"], "EarlyStopping changes what a cell computes; use steps="),
        ([f"{LIGHTNINGS}.StochasticWeightAveraging"], "changes what a cell computes"),
        ([f"{LIGHTNINGS}.Nosuch"], "Error locating target 'pytorch_lightning.callbacks.Nosuch'"),
        (["+callbacks.x._target_=builtins.dict"], "builtins.dict is not a Lightning Callback"),
        (["+callbacks.x.monitor=loss"], "give callbacks.x._target_="),
        (["+logger.x._target_=builtins.dict"], "builtins.dict is not a Lightning Logger"),
        (["+trainer.max_epochs=3"], "trainer.max_epochs would change what a cell computes: use st"),
        (["+trainer.precision=16"], "use precision="),
        (["+trainer.limit_train_batches=1"], "log_every_n_steps, profiler do not"),
        (["callbacks=nosuch"], "callbacks=nosuch is unknown; choose one of default, none, summary"),
    ],
)
def test_what_would_change_a_result_is_refused(words, sentence, project):
    """While planning, in one sentence."""
    with pytest.raises(ConfigError) as caught:
        plan([*FAST, *words])
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


def test_a_procedure_without_a_trainer_takes_none(project):
    """Nothing is ignored in silence."""
    with pytest.raises(ConfigError, match="procedure=chain does not use Lightning's Trainer"):
        plan(["study=nielsen_chain", "scale=smoke", "callbacks=summary"])


def test_lightnings_monitor_of_learning_rates_writes_them(project, depthgauge):
    """The line that every tutorial has; it needs no logger."""
    words = (f"{LIGHTNINGS}.LearningRateMonitor", "hydra.sweep.dir=jobs")
    code, _, err = depthgauge("train", *FAST, *words)
    assert (code, err) == (0, "")
    (path,) = project.glob("jobs/0/lightning/*/metrics.csv")
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert {float(value) for row in rows for key, value in row.items() if "lr" in key} == {0.1}
