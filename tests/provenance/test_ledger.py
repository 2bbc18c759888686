"""Where records come from: left by training, summed by the report, kept while the records are."""

import json
import shutil
import subprocess

import pytest
from filelock import FileLock

from depthgauge.errors import DataError
from depthgauge.provenance.block import write_origin
from depthgauge.provenance.git import checked_out
from depthgauge.provenance.ledger import origins, settled
from depthgauge.provenance.machine import machine, software
from depthgauge.records import read_study

TRAIN = (
    "train",
    "study=nielsen_accuracy",
    "scale=smoke",
    "hidden=[5]",
    "steps=100",
    "seeds=2",
    "replicas=1",
    "train_size=1000",
    "tracking=false",
    "out=build/tiny",
)


@pytest.fixture
def trained(project, depthgauge):
    """A cell of two blocks, under git."""
    (project / ".gitignore").write_text(".cells/\nbuild/\ndata/\n")
    git = ["git", "-c", "user.name=n", "-c", "user.email=e"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], cwd=project, check=True)
    checked_out.cache_clear()
    code, _, err = depthgauge(*TRAIN)
    assert code == 0, err
    yield project
    checked_out.cache_clear()


def look(project):
    return origins(project / "build", {"tiny": read_study(project / "build" / "tiny")})


def settle(project):
    return settled(look(project), project / "build", project / "origins.json")["tiny"]


def test_a_study_knows_commit_machine_and_the_time_of_all_its_blocks(trained):
    """The seconds are those of the two blocks; the commit is git's own."""
    origin = look(trained)["tiny"]
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=trained, capture_output=True, text=True)
    times = [json.loads(path.read_text()) for path in trained.glob(".cells/*/timing.json")]
    assert origin.blocks == len(times) == 2
    assert origin.seconds == pytest.approx(sum(each["seconds"] for each in times), abs=0.06)
    assert origin.commit == head.stdout.strip()
    assert (origin.machine, origin.software) == (machine("cpu"), software())


def test_a_changed_page_is_a_change_and_a_result_is_none(trained):
    """`dvc repro` writes dvc.lock and results/ as it goes: that changes no number."""
    (trained / "dvc.yaml").write_text("stages: {}  # edited\n")
    checked_out.cache_clear()
    assert checked_out(trained)[1] is False
    (trained / "conf" / "study" / "mine.yaml").touch()
    checked_out.cache_clear()
    assert checked_out(trained)[1] is True
    write_origin(trained / ".cells" / "new", "cpu")
    commit = json.loads((trained / ".cells/new/origin.json").read_text())["commit"]
    assert commit == f"{checked_out(trained)[0]} with changes in src or conf"


def test_the_origin_of_the_same_records_stays(trained, depthgauge):
    """Trained again elsewhere, or lost with .cells, equal records tell of their first making."""
    first = settle(trained)
    for path in trained.glob(".cells/*/timing.json"):
        path.write_text('{"seconds": 1000.0, "work": 1.0}')
    assert look(trained)["tiny"].seconds == 2000
    assert settle(trained) == first
    shutil.rmtree(trained / ".cells")
    assert look(trained) == {} and settle(trained) == first


def test_other_records_have_another_origin(trained, depthgauge):
    """The old entry speaks of bytes that are no longer there."""
    first = settle(trained)
    assert depthgauge(*TRAIN, "seeds=3")[0] == 0
    assert settle(trained) != first and settle(trained).blocks == 3


def test_a_block_of_unknown_origin_leaves_its_study_without_one(trained):
    """Half a sum would look like a whole one."""
    next(trained.glob(".cells/*/origin.json")).unlink()
    assert look(trained) == {}


def test_who_waits_for_a_block_or_finds_it_done_is_not_its_origin(tmp_path):
    """Neither a finished block nor one that another process computes is written to."""
    done, running = tmp_path / "done", tmp_path / "running"
    for folder in (done, running):
        folder.mkdir()
    (done / "record.safetensors").touch()
    with FileLock(running / "lock"):
        write_origin(done, "cpu")
        write_origin(running, "cpu")
    assert not list(tmp_path.glob("*/origin.json"))
    write_origin(running, "cpu")
    assert (running / "origin.json").exists()


@pytest.mark.parametrize("spoiled", ["", "[1]", '{"tiny": 3}', '{"tiny": {"records": "x"}}'])
def test_a_spoiled_list_is_named(tmp_path, spoiled):
    """What it says cannot be guessed; the sentence says what to do."""
    (tmp_path / "origins.json").write_text(spoiled)
    with pytest.raises(DataError, match=r"origins\.json is not a list of origins .*remove it"):
        settled({}, tmp_path / "build", tmp_path / "origins.json")
