"""`depthgauge status` and `depthgauge prune`: what .cells holds, and what may go."""

import io
import json
import re
import shutil
import subprocess
import sys

import pytest
from filelock import FileLock
from rich.console import Console
from safetensors.numpy import save_file

from depthgauge.console.status_table import CellStatus, StudyStatus, _studies
from depthgauge.datasets.prepared import path_of
from depthgauge.errors import ResourceError
from depthgauge.planning import cache
from depthgauge.planning.estimate import measured_speed
from depthgauge.planning.plan import prepared_data
from depthgauge.planning.summary import CellSummary
from depthgauge.report.duration import duration
from depthgauge.store import state
from depthgauge.store.state import State, held, inspect, size
from projects import ROOT

SMALL = ["hidden=[5],[4,3]", "steps=200", "seeds=2", "train_size=1000", "evaluation.every=100"]
ASKED = ["study=nielsen_accuracy", "scale=smoke", *SMALL, "tracking=false"]


@pytest.fixture
def one_study(project):
    """A project with one page, whose defaults fit its small data set."""
    for page in (project / "conf/study").glob("*.yaml"):
        if page.stem != "nielsen_accuracy":
            page.unlink()
    page = project / "conf/study/nielsen_accuracy.yaml"
    text = page.read_text().replace("train_size: 50000", "train_size: 1000")
    page.write_text(text.replace("smoke: {steps: 1000", "smoke: {steps: 20"))
    return project


def cells(depthgauge, *words):
    code, out, err = depthgauge("status", "--json", *words)
    assert (code, err) == (0, "")
    [study] = json.loads(out)["studies"]
    return study


def test_a_fresh_clone_learns_what_it_lacks_and_how_long_it_takes(one_study, depthgauge):
    """Without data no cell is known; the page's minutes stand in. Nothing is computed."""
    path_of(one_study, "mnist").unlink()
    page = one_study / "conf/study/nielsen_accuracy.yaml"
    page.write_text(re.sub(r"paper: [0-9.]+}   # on 2", "paper: 13}   # on 2", page.read_text()))
    study = cells(depthgauge, "scale=paper")
    assert study["cells"] == [] and "depthgauge prepare dataset=mnist" in study["lacking"]
    assert study["seconds_left"] == 13 * 60
    code, out, _ = depthgauge("status", "scale=paper")
    assert code == 0 and "13 min" in out
    assert cells(depthgauge, "scale=paper") == study  # also from the plan kept


def test_what_several_studies_lack_is_said_once(project, depthgauge):
    """A line names all the studies whose data are not prepared."""
    path_of(project, "mnist").unlink()
    code, out, _ = depthgauge("status", "study=nielsen_accuracy,nielsen_capacity", "scale=paper")
    assert code == 0 and out.count("is not prepared") == 1
    assert "nielsen_accuracy, nielsen_capacity: the data set mnist is not prepared" in out


def test_a_key_that_no_study_can_have_is_one_sentence(project, depthgauge):
    """Once, not once a study; exit code 2. A key that some can have leaves the table."""
    code, out, err = depthgauge("status", "colour=red")
    assert (code, out) == (2, "") and err.count("\n") == 1 and "colour" in err
    code, out, _ = depthgauge(
        "status", "study=nielsen_chain,glorot_cost_surface", "surface.points=5", "scale=smoke"
    )
    assert code == 0 and "nielsen_chain: surface.points=5 would change nothing" in out


def test_cells_go_from_to_do_over_failed_and_running_to_done(one_study, depthgauge):
    """A failure's reason, a stopped block's step, the lock of a living process, the record."""
    study = cells(depthgauge, *ASKED)
    assert [each["state"] for each in study["cells"]] == ["to do", "to do"]
    assert [each["label"] for each in study["cells"]] == ["hidden=[5]", "hidden=[4, 3]"]
    whole = study["seconds_left"]
    assert whole > 0
    depthgauge("train", *ASKED, "hidden=[5]")
    first, second = cells(depthgauge, *ASKED)["cells"]
    assert (first["state"], first["seconds_left"]) == ("done", 0)
    assert second["state"] == "to do"

    [plan] = [
        each
        for each in (one_study / ".cells/plans").glob("*.json")
        if len(json.loads(each.read_text())["cells"]) == 2
    ]
    outline = json.loads(plan.read_text())
    folder = one_study / ".cells" / next(iter(outline["cells"][1]["blocks"]))
    folder.mkdir()
    (folder / "error.txt").write_text("MemoryError: no memory left\n")
    code, out, _ = depthgauge("status", *ASKED)
    assert code == 0 and "hidden=[4, 3] failed: MemoryError: no memory left" in out
    (folder / "error.txt").unlink()

    meta = json.dumps({"format": 1, "key": folder.name, "step": 150})
    save_file({}, folder / "checkpoint.safetensors", {"depthgauge": meta})
    stopped = cells(depthgauge, *ASKED)["cells"][1]
    assert (stopped["state"], stopped["step"]) == ("stopped", 150)
    assert stopped["seconds_left"] == pytest.approx(second["seconds_left"] / 4)
    with FileLock(folder / "lock"):
        assert cells(depthgauge, *ASKED)["cells"][1]["state"] == "running"
    assert cells(depthgauge, *ASKED)["cells"][1]["state"] == "stopped"


def test_records_in_build_count_wherever_they_were_computed(one_study, depthgauge):
    """After `dvc pull` there is build/ and no .cells."""
    depthgauge("train", *ASKED, "out=build/nielsen_accuracy")
    shutil.rmtree(one_study / ".cells")
    assert {each["state"] for each in cells(depthgauge, *ASKED)["cells"]} == {"done"}
    code, out, _ = depthgauge("status", *ASKED)
    assert code == 0 and "1 of 1 studies done at scale smoke" in out


def test_an_unknown_study_names_those_there_are(one_study, depthgauge):
    """Exit code 2 and one sentence."""
    code, _, err = depthgauge("status", "study=nosuch")
    assert code == 2 and "study=nosuch is unknown; choose one of nielsen_accuracy" in err


def test_pages_of_a_folder_of_the_users_are_listed(one_study, depthgauge):
    """Beside those of conf/study; one that is edited there is planned anew."""
    folder = one_study.parent / "my_conf/study"
    folder.mkdir(parents=True)
    page = (one_study / "conf/study/nielsen_accuracy.yaml").read_text()
    (folder / "mine.yaml").write_text(page)
    for words in (["--config-dir", "../my_conf"], ["hydra.searchpath=[file://../my_conf]"]):
        code, out, err = depthgauge("status", "--json", "scale=smoke", *words)
        found = {each["study"]: len(each["cells"]) for each in json.loads(out)["studies"]}
        assert (code, err, found) == (0, "", {"mine": 4, "nielsen_accuracy": 4})
    (folder / "mine.yaml").write_text(page.replace('"[30],[30,30],', '"[30,30],'))
    assert len(cells(depthgauge, "study=mine", "scale=smoke", *words)["cells"]) == 3


def test_blocks_of_an_earlier_version_are_named_and_removed(one_study, depthgauge):
    """Version 0.1 knew fewer settings; `status` says so, `prune --yes` removes its blocks."""
    depthgauge("train", *ASKED, "hidden=[5]")
    [new] = (path.parent for path in (one_study / ".cells").glob("*/record.safetensors"))
    code, out, _ = depthgauge("status", *ASKED)
    assert code == 0 and "earlier version" not in out
    old = new.with_name("0" * 32)
    shutil.copytree(new, old)
    config = json.loads((old / "config.json").read_text())
    del config["output_bias"]
    (old / "config.json").write_text(json.dumps(config))
    code, out, _ = depthgauge("status", *ASKED)
    assert code == 0 and "1 blocks in .cells are of an earlier version: `depthgauge prune`" in out
    assert depthgauge("prune", "--yes")[0] == 0 and not old.exists()


@pytest.mark.parametrize("command", ["train", "status"])
def test_a_page_of_an_earlier_version_names_its_successor(command, project, depthgauge):
    """What version 0.1 called glorot_gradients is part of another page."""
    code, _, err = depthgauge(command, "study=glorot_gradients")
    assert code == 2 and "removed in version 0.2; use study=glorot_saturation" in err
    assert err.count("\n") == 1


def test_a_page_that_is_edited_is_planned_anew(one_study, depthgauge):
    """The plan kept is of what the page said."""
    assert len(cells(depthgauge, "scale=smoke")["cells"]) == 4
    page = one_study / "conf/study/nielsen_accuracy.yaml"
    page.write_text(page.read_text().replace('"[30],[30,30],', '"[30,30],'))
    assert len(cells(depthgauge, "scale=smoke")["cells"]) == 3


def test_a_block_computed_by_another_process_is_running(tmp_path):
    """Until that process is killed: its lock dies with it."""
    (tmp_path / "block").mkdir()
    code = (
        "import sys, filelock; lock = filelock.FileLock(sys.argv[1]); lock.acquire();"
        "print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "block/lock")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert held(tmp_path / "block") and inspect(tmp_path / "block").state is State.running
        other.kill()
        other.wait()
    assert not held(tmp_path / "block") and inspect(tmp_path / "block").state is State.stopped


def test_a_project_that_cannot_be_written_is_looked_at_all_the_same(
    one_study, depthgauge, monkeypatch
):
    """A colleague's project, or a read-only disk: no plan is kept, and the answer is the same."""
    expected = cells(depthgauge, *ASKED)
    shutil.rmtree(one_study / ".cells")

    def refuse(path, text):
        raise ResourceError(f"cannot write {path}")

    monkeypatch.setattr(cache, "write_text", refuse)
    assert cells(depthgauge, *ASKED) == expected and expected["cells"]
    assert not (one_study / ".cells").exists()


def test_a_lock_that_can_only_be_read_is_asked_all_the_same(tmp_path, monkeypatch):
    """Another user's block is running while its process holds the lock, and stopped afterwards."""
    lock = FileLock(tmp_path / "lock")
    with lock:
        monkeypatch.setattr(state.os, "access", lambda *_: False)
        assert held(tmp_path)
    (tmp_path / "lock").touch()
    assert not held(tmp_path)


def test_names_are_whole_on_a_terminal_of_80_columns():
    """With cells in every state; a state that no cell is in takes no column."""

    def drawn(states):
        found = [CellStatus("hidden=[5]", 1, state, {}, 0, 0, 100.0, "") for state in states]
        console = Console(width=80, file=io.StringIO())
        console.print(_studies([StudyStatus("nielsen_training_speed", "quick", 7200, "", found)]))
        return console.file.getvalue()

    full = drawn(list(State))
    assert "nielsen_training_speed" in full and all(str(state) in full for state in State)
    assert "failed" not in drawn([State.done]) and "done" in drawn([State.to_do])


def test_looking_makes_no_file(tmp_path):
    """Neither a lock nor a folder."""
    assert inspect(tmp_path / "nothing").state is State.to_do
    (tmp_path / "block").mkdir()
    inspect(tmp_path / "block")
    assert list(tmp_path.rglob("*")) == [tmp_path / "block"]


def finished_block(folder, procedure, width, work, seconds):
    """Leave what a finished block leaves about its time."""
    folder.mkdir()
    config = {"procedure": procedure, "hidden": [width]}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "timing.json").write_text(json.dumps({"work": work, "seconds": seconds}))


def cell_of(procedure, width):
    return CellSummary("", procedure, width, 1, 1, 1.0, "cpu", {"x": 1}, [])


def test_time_is_measured_on_the_most_similar_blocks(tmp_path):
    """Same procedure and width, else same procedure, else all, where there is enough of them."""
    finished_block(tmp_path / "a", "descent", 30, 1e15, 1e5)
    finished_block(tmp_path / "b", "descent", 100, 3e15, 1e5)
    finished_block(tmp_path / "c", "remedies", 20, 1e15, 1e6)
    (tmp_path / "d").mkdir()
    (tmp_path / "d/timing.json").write_text("{}")
    speed = measured_speed(tmp_path)
    assert speed(cell_of("descent", 100)) == pytest.approx(3e10, rel=0.01)
    assert speed(cell_of("descent", 1000)) == pytest.approx(2e10, rel=0.01)
    assert speed(cell_of("surfaces", 1)) == pytest.approx(5e15 / 1.2e6, rel=0.01)


def test_a_small_run_changes_no_estimate_by_much(tmp_path):
    """A minute for a few steps is compiling and importing, on a busy machine; once it was days."""
    before = measured_speed(tmp_path)(cell_of("descent", 30))
    finished_block(tmp_path / "a", "descent", 30, 5e8, 64)
    assert 1 < before / measured_speed(tmp_path)(cell_of("descent", 30)) < 3
    finished_block(tmp_path / "b", "descent", 30, 3e12, 60)
    assert measured_speed(tmp_path)(cell_of("descent", 30)) == pytest.approx(before, rel=0.4)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (99, "99 s"),
        (100, "2 min"),
        (5400, "90 min"),
        (7200, "2.0 h"),
        (2e5, "2.3 days"),
    ],
)
def test_times_are_said_as_a_person_does(seconds, text):
    assert duration(seconds) == text


def test_prune_removes_only_what_no_plan_refers_to_and_only_if_asked(one_study, depthgauge):
    """Blocks of a page stay, a grid of the command line goes; a running sweep keeps everything."""
    depthgauge("train", "study=nielsen_accuracy", "scale=smoke", "tracking=false")
    kept = set((one_study / ".cells").glob("*/record.safetensors"))
    depthgauge("train", *ASKED)
    folders = {path.parent for path in (one_study / ".cells").glob("*/record.safetensors")}
    unused = folders - {path.parent for path in kept}
    assert (len(kept), len(unused)) == (4, 2)

    code, out, _ = depthgauge("prune")
    assert code == 0 and "`depthgauge prune --yes` removes 2 blocks" in out
    assert all(path.exists() for path in folders)

    with FileLock(next(iter(kept)).parent / "lock"):
        code, _, err = depthgauge("prune", "--yes")
    assert code == 4 and "nothing was removed: a sweep is running" in err
    assert all(path.exists() for path in folders)

    freed = sum(size(path) for path in unused)
    code, out, _ = depthgauge("prune", "--yes")
    assert code == 0 and f"removed 2 blocks, freed {freed / 1e3:.1f} kB" in out
    assert all(path.exists() for path in kept) and not any(path.exists() for path in unused)
    code, out, _ = depthgauge("train", "study=nielsen_accuracy", "scale=smoke", "tracking=false")
    assert code == 0 and "4 already finished" in out


def test_prune_stops_where_it_cannot_know_what_is_used(one_study, depthgauge):
    """Without its data a study has no plan, and all its blocks would look unused."""
    depthgauge("train", *ASKED)
    path_of(one_study, "mnist").unlink()
    prepared_data.cache_clear()
    code, _, err = depthgauge("prune", "--yes")
    assert code == 3 and "mnist is not prepared" in err
    assert len(list((one_study / ".cells").glob("*/record.safetensors"))) == 2


def test_prune_leaves_out_studies_that_were_never_trained_here(one_study, depthgauge):
    """Data that are not prepared matter only to blocks of these data."""
    depthgauge("train", *ASKED, "hidden=[5]")
    shutil.copy(ROOT / "conf/study/glorot_svm.yaml", one_study / "conf/study")
    code, out, err = depthgauge("prune", "scale=smoke")
    assert (code, err) == (0, "") and "removes 1 blocks" in out
    [block] = (path.parent for path in (one_study / ".cells").glob("*/config.json"))
    config = json.loads((block / "config.json").read_text())
    config["dataset"]["name"] = "shapeset"
    (block / "config.json").write_text(json.dumps(config))
    code, _, err = depthgauge("prune", "scale=smoke")
    assert code == 3 and "shapeset is not prepared" in err


def test_status_starts_without_torch(one_study, depthgauge):
    """Once planned, looking imports neither torch nor Hydra nor scipy."""
    code = (
        "import sys; from depthgauge.cli.main import main; main(['status', 'scale=smoke']);"
        "print(sorted({'torch', 'hydra', 'scipy', 'xarray'} & set(sys.modules)))"
    )
    assert depthgauge("status", "scale=smoke")[0] == 0
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
