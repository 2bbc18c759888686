"""No space, no tracking database, a wrong clock: records stay whole, errors are sentences."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import afterwards
import pytest
from commands import ask, request

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def is_reported(done, code, *words):
    """A sentence, no traceback, the documented exit code."""
    assert done["code"] == code, done
    assert "Traceback" not in done["err"], done["err"]
    assert all(word in done["err"] for word in words), done["err"]


def results(root):
    """Return the files of a project but for its data, by path."""
    found = afterwards.files(root)
    return {path: found[path] for path in found if not path.startswith("data/")}


def records(root):
    """Return the records of a project, by path."""
    found = afterwards.files(root)
    return {path: found[path] for path in found if path.endswith("record.safetensors")}


def curves(root):
    """Return runs and points under their final names: those of single blocks come live alone."""
    runs, points, _ = afterwards.tracked(root)
    return runs, {each for each in points.items() if not each[0][1].startswith("seeds_")}


@pytest.mark.parametrize(("limit", "code"), [(3000, 4), (20_000, 1)])
def test_a_full_disk_ends_in_a_sentence_and_costs_nothing(
    limit, code, zygote, undisturbed, project
):
    """A limit on file size stands in for it: first file, checkpoint, tracking database."""
    starved = ask(zygote, project, "train", limit=limit)
    is_reported(starved, code, "free some space")
    assert afterwards.strays(project / "build") == []
    again = ask(zygote, project, "train")
    assert again["code"] == 0, again
    assert results(project) == results(undisturbed[1]["train"])
    assert curves(project) == curves(undisturbed[1]["train"])


@pytest.mark.parametrize(("stage", "place"), [("judge", "results"), ("train", ".cells")])
def test_a_place_that_cannot_be_written_is_named(stage, place, zygote, undisturbed, project):
    """A file where the folder should be; root may write anywhere else."""
    shutil.rmtree(project)
    shutil.copytree(undisturbed[1]["train"], project)
    shutil.rmtree(project / place, ignore_errors=True)
    (project / place).write_text("")
    is_reported(ask(zygote, project, stage), 4, place, "repeat the command")


def corrupt(root):
    (root / "mlflow.db").write_bytes(b"no database at all" * 1000)


def damage(root):
    content = bytearray((root / "mlflow.db").read_bytes())
    content[5000:60_000] = bytes(55_000)
    (root / "mlflow.db").write_bytes(content)


def remove(root):
    for path in root.glob("mlflow.db*"):
        path.unlink()
    shutil.rmtree(root / "mlruns")


def block(root):
    shutil.rmtree(root / "mlruns")
    (root / "mlruns").write_text("")


@pytest.mark.parametrize("harm", [corrupt, damage, remove, block])
def test_without_its_tracking_database_a_study_is_still_trained(harm, zygote, undisturbed, project):
    """And `depthgauge track` fills a new one, point for point."""
    harm(project)
    done = ask(zygote, project, "train")
    is_reported(done, 0, *([] if harm is remove else ["depthgauge track"]))
    assert afterwards.files(project).items() >= records(undisturbed[1]["train"]).items()
    if (project / "mlruns").is_file():
        (project / "mlruns").unlink()
    if harm is not remove:
        for path in project.glob("mlflow.db*"):
            path.unlink()
    tracked = zygote.ask(project, ["track"])
    assert tracked["code"] == 0, tracked
    assert curves(project) == curves(undisturbed[1]["train"])


def test_a_database_that_somebody_holds_delays_nobody(zygote, undisturbed, project):
    """Records are the same; when it is free again, `track` brings what is missing."""
    with closing(sqlite3.connect(project / "mlflow.db", isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        done = ask(zygote, project, "train", before=[("fuses", "hurry")])
        holder.execute("ROLLBACK")
    is_reported(done, 0, "is locked by another process", "depthgauge track")
    assert records(project) == records(undisturbed[1]["train"])
    assert zygote.ask(project, ["track"])["code"] == 0
    assert curves(project) == curves(undisturbed[1]["train"])


def test_a_clock_that_runs_backwards_changes_nothing(zygote, undisturbed, project):
    """An hour is lost each time that somebody asks."""
    done = ask(zygote, project, "train", before=[("fuses", "turn_the_clock_back")])
    is_reported(done, 0)
    assert results(project) == results(undisturbed[1]["train"])
    assert curves(project) == curves(undisturbed[1]["train"])


def test_two_sweeps_of_one_study_share_the_work(zygote, undisturbed, project):
    """Started at once: each ends well, one run a cell, the same records."""
    both = zygote.ask_all([request(project, "train"), request(project, "train")])
    for done in both:
        is_reported(done, 0)
    assert results(project) == results(undisturbed[1]["train"])
    assert afterwards.strays(project) == []
    assert curves(project) == curves(undisturbed[1]["train"])


def test_two_folders_give_the_same_claims(zygote, undisturbed, project):
    """Everything anew, elsewhere: records, verdicts, figures and page are the same bytes.

    The page's times, too, where the ledger of the first making lies, as in a clone it does.
    """
    for stage in ("train", "judge"):
        is_reported(ask(zygote, project, stage), 0)
    ledger = Path("results/origins.json")
    shutil.copy(undisturbed[1]["report"] / ledger, project / ledger)
    is_reported(ask(zygote, project, "report"), 0)
    assert "results/claims.json" in results(project)
    assert results(project) == results(undisturbed[1]["report"])
