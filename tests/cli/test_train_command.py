"""`depthgauge train`: plans, computes what is missing, assembles, and says what went wrong."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from depthgauge.datasets.prepared import load, path_of
from depthgauge.planning.plan import plan
from depthgauge.records import read_study

SMALL = [
    "study=nielsen_accuracy",
    "scale=smoke",
    "hidden=[5],[4,3]",
    "steps=200",
    "seeds=2",
    "train_size=1000",
    "evaluation.every=100",
    "tracking=false",
]


def blocks(root):
    return sorted(root.glob(".cells/*/record.safetensors"))


def test_a_sweep_ends_with_a_record_for_each_cell(project, depthgauge):
    """Axes on the command line replace the page's; `out` receives one record a cell, in order."""
    code, out, err = depthgauge("train", *SMALL, "out=build/x")
    assert (code, err) == (0, "")
    assert "2 cells done (0 already finished)" in out
    records = read_study(project / "build" / "x")
    assert [record.attrs["axes"] for record in records] == [{"hidden": [5]}, {"hidden": [4, 3]}]
    first = records[0].attrs
    assert (first["study"], first["scale"]) == ("nielsen_accuracy", "smoke")
    assert first["label"] == "hidden=[5]" and first["published_steps"] == 150_000
    assert records[1].seed.values.tolist() == [0, 1]
    assert records[1].evaluation_step.values.tolist() == [0, 100, 200]


def test_what_is_finished_is_skipped_and_more_seeds_add_blocks(project, depthgauge):
    """The same command computes nothing; three times the seeds keep the full blocks."""
    small = [*SMALL, "replicas=2"]
    depthgauge("train", *small)
    before = {path: path.stat().st_mtime_ns for path in blocks(project)}
    code, out, _ = depthgauge("train", *small)
    assert code == 0 and "2 already finished" in out
    depthgauge("train", *small, "seeds=6")
    after = blocks(project)
    assert len(after) == 3 * len(before) == 6
    assert all(path.stat().st_mtime_ns == at for path, at in before.items())


def test_out_holds_exactly_this_sweep(project, depthgauge):
    """A smaller grid leaves nothing of the larger one behind."""
    depthgauge("train", *SMALL, "out=build/x")
    depthgauge("train", *SMALL, "hidden=[5]", "out=build/x")
    assert len(read_study(project / "build" / "x")) == 1


def test_a_page_that_is_no_yaml_is_one_sentence(project, depthgauge):
    """File and line are named, before Hydra answers with a traceback."""
    page = project / "conf" / "study" / "own.yaml"
    page.write_text("# @package _global_\nnotebook: {question: Does it?, source: our own}\n")
    code, out, err = depthgauge("train", "study=own")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "conf/study/own.yaml, line 2, is not valid YAML" in err


def test_a_dry_run_computes_nothing(project, depthgauge):
    """It prints each cell's label, state and time."""
    code, out, _ = depthgauge("train", *SMALL, "--dry-run")
    assert code == 0 and blocks(project) == []
    assert "hidden=[5]" in out and "to do" in out and "time left" in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["study=nielsen_accuracy", "hidden=[0]"], "invalid hidden=[0]"),
        (["study=nielsen_accuracy", "learning_rate=-1"], "invalid learning_rate=-1"),
        (["study=nielsen_accuracy", "seeds=0"], "invalid seeds=0"),
        (
            ["study=nielsen_accuracy", "scale=huge"],
            "expected one of [smoke, quick, overnight_rates",
        ),
        (["study=nielsen_accuracy", "activation=step"], "choose one of sigmoid, tanh"),
        (["study=nielsen_accuracy", "init=zeros"], "init=zeros is unknown; choose one of"),
        (["study=nielsen_accuracy", "cost=hinge"], "cost=hinge is unknown; choose one of"),
        (["study=nielsen_accuracy", "procedure=magic"], "procedure=magic is unknown"),
        (
            ["study=nielsen_accuracy", "remedy.normalization=layer"],
            "remedy.normalization=layer would change nothing: procedure=descent does not read it",
        ),
        (["study=nielsen_accuracy", "+colour=red"], "unknown setting colour"),
        (
            ["study=nielsen_accuracy", f"dataset.divide={'9' * 400}"],
            "invalid dataset.divide (int too large to convert to float); give a smaller number",
        ),
        (
            ["study=nielsen_accuracy", "surface=${hidden}", "surface.classes=3"],
            "invalid literal for int() with base 10: 'classes'; correct that on the command line",
        ),
        (["study=nielsen_accuracy"], "train_size=50000 is more than the 1200"),
        (["study=a,b"], "study=a,b names more than one study"),
        (["-m", "study=a,b"], "study=a,b names more than one study"),
        (["hidden=[30]"], "which study? add study=NAME"),
    ],
)
def test_a_mistake_gets_one_sentence_and_nothing_is_computed(words, sentence, project, depthgauge):
    """What, where and what to do, exit code 2, no traceback."""
    code, _, err = depthgauge("train", *words)
    assert code == 2
    assert sentence in err and err.count("\n") == 1
    assert blocks(project) == []


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["study=nosuch"], ["study=nosuch is unknown; choose one of bounds, ", "nielsen_accuracy"]),
        (["study=nielsen_accuracy", "dataset=nosuch"], ["dataset=nosuch is unknown", ", mnist,"]),
        (
            ["study=nielsen_accuracy", "colour=red"],
            ["unknown setting colour; `depthgauge train study=NAME --cfg job`"],
        ),
        (
            ["study=nielsen_accuracy", "hiden=[9]"],
            ["unknown setting hiden (did you mean hidden?)"],
        ),
        (
            ["study=nielsen_accuracy", "normalization=layer"],
            ["(did you mean remedy.normalization?)"],
        ),
        (["study=nielsen_accuracy", "gradients.evry=9"], ["unknown setting gradients.evry"]),
        (["study=nielsen_accuracy", "seeds=many"], ["invalid seeds=many", "Integer"]),
        (["study=nielsen_accuracy", "hidden=30"], ["invalid hidden=30", "list"]),
        (["study=nielsen_accuracy", "device=tpu"], ["invalid device=tpu", "cuda"]),
        (["study=nielsen_accuracy", "hidden=[30"], ["[30", "correct that"]),
    ],
)
def test_what_hydra_refuses_is_one_sentence(words, named, project, depthgauge):
    """The key, the value, what would do; the exit code of a wrong word."""
    code, _, err = depthgauge("train", *words)
    assert code == 2
    assert all(word in err for word in named), err
    assert err.startswith("depthgauge: ") and err.count("\n") == 1


@pytest.mark.parametrize("mode", ["", "hydra: {mode: MULTIRUN}\n"])
def test_a_wrong_reference_is_no_wrong_scale(mode, project, depthgauge):
    """A page without sizes knows no scale, and so none is unknown to it."""
    (project / "conf/study/plain.yaml").write_text(f"# @package _global_\n{mode}hidden: [5]\n")
    code, _, err = depthgauge("train", "study=plain", "seeds=${nosuch}")
    assert code == 2 and "nosuch" in err and "scale" not in err


def test_data_that_is_not_there_is_asked_for(project, depthgauge):
    """Exit code 3, and the command that brings it."""
    path_of(project, "mnist").unlink()
    code, _, err = depthgauge("train", *SMALL)
    assert code == 3 and "depthgauge prepare" in err and "Traceback" not in err


def test_damaged_data_is_named(project, depthgauge):
    """One flipped byte among a million is noticed before anything is computed."""
    path = path_of(project, "mnist")
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)
    code, _, err = depthgauge("train", *SMALL)
    assert code == 3 and str(path.name) in err
    assert blocks(project) == []


def test_outside_a_project_it_says_so(tmp_path, monkeypatch, depthgauge):
    """No dvc.yaml here or above."""
    monkeypatch.chdir(tmp_path)
    code, _, err = depthgauge("train", *SMALL)
    assert code == 2 and "is not inside a project" in err


def test_a_diverging_cell_is_recorded_and_the_others_go_on(project, depthgauge):
    """Two rates in one table: the wild one is marked with its step, the sweep succeeds."""
    words = [*SMALL, "hidden=[5]", "l2=0", "learning_rate=[0.1,1e30]", "out=build/x"]
    code, _, _ = depthgauge("train", *words)
    assert code == 0
    record = read_study(project / "build" / "x")[0]
    by_rate = dict(
        zip(record.learning_rate.values.tolist(), record.diverged_at.values, strict=True)
    )
    assert by_rate == {0.1: -1, 1e30: 100}


def test_a_grid_of_which_every_rate_diverges_is_refused(project, depthgauge):
    """One sentence with the rates and what to do, exit code 2; the record is whole all the same."""
    words = [*SMALL, "hidden=[5]", "l2=0", "learning_rate=[1e29,1e30]", "out=build/x"]
    code, _, err = depthgauge("train", *words)
    assert code == 2 and "Traceback" not in err
    assert "every rate diverged in 1 of 1 cells" in err
    assert "learning_rate=[1e+29, 1e+30]: use lower ones" in err
    assert (read_study(project / "build" / "x")[0].diverged_at == 100).all()
    code, _, _ = depthgauge("train", *SMALL, "hidden=[5]", "l2=0", "learning_rate=1e30")
    assert code == 0  # one rate that diverges is a result


def test_one_failing_cell_does_not_take_the_others_along(project, depthgauge, monkeypatch):
    """The rest is finished, the failure is named, the exit code is 1; a second command ends it."""
    from depthgauge.training import cell

    real = cell.procedure

    def breaks(name):
        module = real(name)

        class Breaking:
            work = module.work

            @staticmethod
            def run(task):
                if task.block.experiment.hidden == [5]:
                    raise MemoryError("no memory left")
                return module.run(task)

        return Breaking

    monkeypatch.setattr(cell, "procedure", breaks)
    code, _, err = depthgauge("train", *SMALL)
    assert code == 1 and len(blocks(project)) == 1
    assert "1 of 2 cells did not finish (hidden=[5]: MemoryError: no memory left)" in err
    monkeypatch.undo()
    os.chdir(project)
    code, out, _ = depthgauge("train", *SMALL)
    assert code == 0 and "1 already finished" in out
    assert not list(project.glob(".cells/*/error.txt"))


THREE = [*SMALL, "steps=2000", "hidden=[30],[30,30],[30,30,30]", "replicas=2"]


@pytest.mark.parametrize(
    "signals", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_killed_sweep_goes_on_where_it_was(signals, project, depthgauge):
    """Killed after its first block: what was finished is not touched, the rest is completed."""
    last = project / ".cells" / plan(THREE)[2].cell.blocks[0].key
    last.mkdir(parents=True)
    command = [sys.executable, "-m", "depthgauge.cli", "train", *THREE]
    with FileLock(last / "lock"):  # a sweep that is killed late has not ended: it waits for this
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # A shell's background job ignores SIGINT and hands that on: a user's terminal does not.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        deadline = time.monotonic() + 120
        while not blocks(project) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signals)
        assert process.wait(60) != 0
    kept = {path: path.stat().st_mtime_ns for path in blocks(project)}
    assert 1 <= len(kept) < 3
    code, _, _ = depthgauge("train", *THREE)
    assert code == 0 and len(blocks(project)) == 3
    assert all(path.stat().st_mtime_ns == at for path, at in kept.items())


def test_a_train_size_of_zero_is_the_whole_split(project, depthgauge):
    """The record says how many examples those are, and asking for that number is the same cell."""
    words = [*SMALL, "hidden=[5]", "out=build/x"]
    code, _, _ = depthgauge("train", *words, "train_size=0")
    assert code == 0
    used = read_study(project / "build" / "x")[0].attrs["config"]["train_size"]
    assert used == len(load(project, "mnist").train.labels)
    code, out, _ = depthgauge("train", *words, f"train_size={used}")
    assert code == 0 and "1 already finished" in out


def test_help_can_be_read(depthgauge):
    """An overview with every stage, and a page for each."""
    code, out, _ = depthgauge("--help")
    assert code == 0 and all(name in out for name in ("fetch", "train", "judge", "exit codes"))
    code, out, _ = depthgauge("train", "--help")
    assert code == 0 and "study=nielsen_accuracy" in out and "--dry-run" in out


def test_the_page_about_remedies_runs(project):
    """docs/remedies.md, "On your own network": both cells are trained, and differ."""
    text = (Path(__file__).parents[2] / "docs" / "remedies.md").read_text()
    (page,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (project / "conf" / "study" / "own.yaml").write_text(page)
    fast = ("steps=20", "seeds=1", "tracking=false", "out=build/own", "evaluation.every=10")
    command = [sys.executable, "-m", "depthgauge.cli", "train", "study=own", *fast]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    plain, normalized = read_study(project / "build" / "own")
    assert (plain["probe_cost"] != normalized["probe_cost"]).any()


def test_an_unknown_stage_names_the_known_ones(depthgauge):
    """argparse's own sentence and exit code."""
    code, _, err = depthgauge("trian")
    assert code == 2 and "train" in err


def test_planning_needs_no_lightning(project):
    """Its import takes seconds: who only asks what is left should not wait for it."""
    plans = (
        "import sys\n"
        "from depthgauge.cli.main import main\n"
        "from depthgauge.planning.plan import plan\n"
        "from depthgauge.planning.plan import prepared_data\n"
        "for study in 'nielsen_accuracy', 'nielsen_capacity', 'remedies', 'mean_field':\n"
        "    words = [f'study={study}', 'scale=smoke', 'train_size=1000']\n"
        "    cell = {'remedies': ['model=adam'], 'mean_field': ['activation=tanh', 'init=he']}\n"
        "    assert plan(words + cell.get(study, []))\n"
        "sys.exit('pytorch_lightning' in sys.modules)\n"
    )
    found = subprocess.run([sys.executable, "-c", plans], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
