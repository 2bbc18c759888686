"""A project that is moved or copied keeps its tracking database."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from depthgauge.tracking.import_records import track
from depthgauge.tracking.store import open_store
from depthgauge.tracking.sweep import sweep_of

FIGURES = {"speed.svg": "<svg/>"}

TRACK = """
import json, sys, pathlib, xarray
from depthgauge.tracking.store import open_store
from depthgauge.tracking.import_records import track
from depthgauge.tracking.sweep import sweep_of
store = open_store(pathlib.Path.cwd())
for record in json.load(sys.stdin):
    record = xarray.Dataset.from_dict(record)
    runs = track(store, sweep_of([record.attrs]), [record], {"speed.svg": "<svg/>"})
    print(store.client.list_artifacts(runs.parent, "figures")[0].path)
"""


def track_again(root, *records):
    """Track in another process, as a person would: MLflow keeps in memory where a run's files are.

    Return what it complained of.
    """
    given = json.dumps([record.to_dict() for record in records])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TRACK],
        input=given,
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == ["figures/speed.svg"] * len(records)
    return done.stderr


def artifacts(root):
    return {path.relative_to(root) for path in (root / "mlruns").rglob("*") if path.is_file()}


def locations(root):
    with closing(sqlite3.connect(root / "mlflow.db")) as database:
        runs = database.execute("SELECT artifact_uri FROM runs").fetchall()
        experiments = database.execute("SELECT artifact_location FROM experiments").fetchall()
    return [location for (location,) in [*runs, *experiments]]


@pytest.fixture
def both(make_record):
    """The record that is tracked at first, and one of another cell."""
    return make_record(), make_record(seeds=5, cell="other", keys=["other"])


@pytest.fixture
def tracked(root, both):
    track(open_store(root), sweep_of([both[0].attrs]), [both[0]], FIGURES)
    return root


def test_a_moved_project_finds_its_old_artifacts_and_writes_new_ones(tracked, tmp_path, both):
    """Nothing is written at the old place; one sentence says where the database was made."""
    before = artifacts(tracked)
    moved = tracked.rename(tmp_path / "moved here")
    said = track_again(moved, *both)
    assert said.count("\n") == 1 and f"was created in {tracked}" in said and str(moved) in said
    assert not tracked.exists()
    assert artifacts(moved) > before
    assert all(each.startswith(moved.as_uri() + "/") for each in locations(moved))
    assert track_again(moved, both[0]) == ""


def test_a_copy_never_writes_into_the_original(tracked, tmp_path, both):
    """The copy's runs have their artifacts in the copy, and the original is left alone."""
    copy = shutil.copytree(tracked, tmp_path / "copy")
    before = {path: path.stat().st_mtime_ns for path in (tracked / "mlruns").rglob("*")}
    said = locations(tracked)
    track_again(copy, *both)
    after = {path: path.stat().st_mtime_ns for path in (tracked / "mlruns").rglob("*")}
    assert after == before and locations(tracked) == said
    assert artifacts(copy) > artifacts(tracked)
    assert all(each.startswith(copy.as_uri() + "/") for each in locations(copy))


def test_a_database_without_its_artifacts_is_filled_again(tracked, tmp_path, both):
    """As one that was sent from another machine, whose folders are not here."""
    before = artifacts(tracked)
    other = tmp_path / "other"
    other.mkdir()
    for path in tracked.glob("mlflow.db*"):  # and what SQLite keeps beside it
        shutil.copy(path, other / path.name)
    shutil.rmtree(tracked)
    track_again(other, both[0])
    assert artifacts(other) == before and not tracked.exists()


def test_locations_that_the_user_chose_stay(tracked, tmp_path, store):
    """Elsewhere on the disk or in a bucket: also when the project moves."""
    chosen = [(tmp_path / "big disk" / "mlruns" / "x").as_uri(), "s3://bucket/mlruns/y"]
    for name, location in zip("xy", chosen, strict=True):
        store.client.create_experiment(name, location)
    open_store(tracked)
    assert set(chosen) < set(locations(tracked))
    moved = tracked.rename(tmp_path / "moved")
    open_store(moved)
    assert set(chosen) < set(locations(moved))


def test_another_name_of_the_same_folder_is_no_other_place(tracked, tmp_path, capsys):
    """A database made under a name that is a symbolic link by now."""
    real = tracked.rename(tmp_path / "real")
    tracked.symlink_to(real)
    said = locations(real)
    capsys.readouterr()
    open_store(tracked)
    assert locations(real) == said and capsys.readouterr().err == ""


def test_a_database_shared_by_the_environment_is_left_alone(tracked, tmp_path, monkeypatch):
    """MLFLOW_TRACKING_URI names a file for several projects: it belongs to none of them."""
    said = locations(tracked)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", open_store(tracked).uri)
    (tmp_path / "second").mkdir()
    open_store(tmp_path / "second")
    assert locations(tracked) == said
