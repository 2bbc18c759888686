"""`depthgauge train` with a user's own functions and pages, as it is typed."""

import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

from depthgauge.planning.plan import prepared_data
from depthgauge.records import read_study
from depthgauge.user_code.activation import user_activation
from depthgauge.user_code.initializer import user_initializer
from projects import ROOT, environment

EXAMPLE = ROOT / "docs" / "examples" / "my_functions.py"
PAGE = """\
# @package _global_
notebook: {question: "Does it?", source: our own}
hydra: {sweeper: {params: {activation: "tanh,my_functions.elu"}}}
dataset: {name: my_functions.digits}
hidden: [6, 5]
init: my_functions.lecun
train_size: 200
steps: 20
seeds: 2
gradients: {every: 10, images: 20}
evaluation: {every: 10}
tracking: false
"""


def train(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`depthgauge train` in a process of its own."""
    line = [sys.executable, "-m", "depthgauge.cli", "train", *words]
    own = {**environment(), "OMP_NUM_THREADS": "1"}
    return subprocess.run(line, cwd=folder, env=own, capture_output=True, text=True, timeout=300)


@pytest.fixture
def folder(tmp_path):
    """A project without data; the user's module and page lie in my_conf."""
    (tmp_path / "conf").symlink_to(ROOT / "conf")
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / "my_conf" / "study").mkdir(parents=True)
    (tmp_path / "my_conf" / "study" / "own.yaml").write_text(PAGE)
    (tmp_path / "my_conf" / "my_functions.py").write_text(EXAMPLE.read_text())
    return tmp_path


@pytest.fixture
def here(folder, monkeypatch):
    """The same, for commands in this process, which forgets the user's modules afterwards."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    GlobalHydra.instance().clear()
    before = set(sys.modules)
    yield folder
    for name in {"my_functions", "other"} & (set(sys.modules) - before):
        del sys.modules[name]
    for found in (user_activation, user_initializer, prepared_data):
        found.cache_clear()


def labels(folder):
    return [record.attrs["label"] for record in read_study(folder / "build" / "own")]


@pytest.mark.slow
def test_a_study_of_ones_own_trains_in_other_processes(folder):
    """joblib's workers import the module of --config-dir, too; labels show its function alone."""
    words = ["study=own", "--config-dir", "my_conf", "out=build/own"]
    done = train(folder, *words, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    assert done.returncode == 0, done.stderr
    assert labels(folder) == ["activation=tanh", "activation=elu"]
    (_, record) = read_study(folder / "build" / "own")
    assert record.attrs["config"]["activation"] == "my_functions.elu"
    assert record.attrs["user_code"].keys() == {"my_functions.elu", "my_functions.lecun"}
    assert record.attrs["data"]["name"] == "my_functions.digits"
    module = folder / "my_conf" / "my_functions.py"
    module.write_text(module.read_text().replace("torch.expm1", "2 * torch.expm1"))
    edited = train(folder, *words, "--dry-run")
    rows = [line for line in edited.stdout.splitlines() if "activation=" in line]
    assert len(rows) == 2 and all("to do" in row and "0 of 1" in row for row in rows)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["activation=my_functions.nosuch"], "my_functions.py has no nosuch"),
        (["init=my_functions.elu"], "raises TypeError"),
        (["dataset.name=my_functions.elu"], "raises TypeError"),
        (["activation=nosuch.elu"], "there is no module nosuch in"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_trained(words, sentence, here, depthgauge):
    """Exit code 2, one sentence, no cell."""
    searched = f"hydra.searchpath=[file://{here}/my_conf]"
    code, _, said = depthgauge("train", "study=own", searched, *words)
    assert code == 2 and said.count("\n") == 1 and sentence in said, said
    assert not list(here.glob(".cells/*/config.json"))


def test_two_functions_of_one_name_are_distinguished(here, depthgauge):
    """Labels name as much of the paths as differs."""
    (here / "other.py").write_text(EXAMPLE.read_text())
    words = ["study=own", "out=build/own", "activation=other.elu,my_functions.elu", "hidden=[4]"]
    code, _, said = depthgauge("train", *words, "--config-dir=my_conf", "steps=0")
    assert code == 0, said
    assert labels(here) == ["activation=other.elu", "activation=my_functions.elu"]
