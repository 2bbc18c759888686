"""Where the tracking database is, whatever the name and owner of the folder."""

import os
import subprocess
import sys

import pytest

from depthgauge.errors import TrackingError
from depthgauge.tracking.store import open_store
from projects import environment

TRACK = """
import sys
from depthgauge.tracking.store import open_store
store = open_store(__import__("pathlib").Path.cwd())
run = store.client.create_run(store.client.create_experiment("x", store.artifact_location("x")))
store.client.log_text(run.info.run_id, "hello", "note.txt")
print(*store.client.list_artifacts(run.info.run_id))
"""


@pytest.mark.parametrize("name", ["what?x=1", "100%20", "a #b", "50% of it"])
def test_names_with_characters_that_an_address_escapes(blank, tmp_path, name, monkeypatch):
    """Database and artifacts lie in the project, and nothing lies beside it."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    root = tmp_path / name / "project"
    root.mkdir(parents=True)
    (root / "mlflow.db").write_bytes((blank / "mlflow.db").read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", TRACK], cwd=root, capture_output=True, text=True, check=True
    )
    assert "note.txt" in done.stdout
    assert [path.read_text() for path in root.glob("mlruns/x/*/artifacts/note.txt")] == ["hello"]
    assert list(tmp_path.iterdir()) == [tmp_path / name]
    assert list((tmp_path / name).iterdir()) == [root]


def test_a_missing_driver_is_named(root, monkeypatch):
    """A database server without the module that speaks to it: what to install, no password."""
    monkeypatch.setitem(sys.modules, "MySQLdb", None)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "mysql://alice:hidden@127.0.0.1/mlflow")
    with pytest.raises(TrackingError) as caught:
        open_store(root)
    assert "needs the Python module MySQLdb" in str(caught.value)
    assert "hidden" not in str(caught.value) and "`depthgauge track`" in str(caught.value)


def test_the_database_of_a_group_can_be_written_by_all_of_it(tmp_path, monkeypatch):
    """As the umask of a shared folder says."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    before = os.umask(0o002)
    try:
        open_store(tmp_path)
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.glob("mlflow.db*")}
    assert modes == {0o664}


def test_a_temporary_checkout_of_dvc_uses_the_projects_database(root, tmp_path, monkeypatch):
    """DVC's own environment, also for a project in a folder of the repository."""
    for inside in (".", "part"):
        checkout = root / ".dvc/tmp/exps/standalone/tmp1"
        (checkout / ".dvc").mkdir(parents=True, exist_ok=True)
        (checkout / inside).mkdir(exist_ok=True)
        monkeypatch.setenv("DVC_ROOT", str(root))
        store = open_store(checkout / inside)
        assert (store.root, store.checkout) == ((root / inside).resolve(), checkout / inside)
        assert (root / inside / "mlflow.db").exists()
        assert not (checkout / inside / "mlflow.db").exists()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert open_store(elsewhere).root == elsewhere


def test_dvc_sets_what_is_relied_on(tmp_path):
    """`dvc exp run --temp` for real: its stage runs below .dvc/tmp/exps of DVC_ROOT."""
    say = "import os; print(os.environ['DVC_ROOT'], os.getcwd(), sep='\\n')"
    (tmp_path / "say.py").write_text(say)
    (tmp_path / "dvc.yaml").write_text(
        "stages: {say: {cmd: python say.py > said, outs: [{said: {cache: false}}]}}\n"
    )
    for command in (
        "git init -q",
        "git config user.name a",
        "git config user.email a@b",
        "dvc init -q",
        "dvc config core.analytics false",
        "git add .",
        "git commit -qm first",
        "dvc exp run -q --temp --name one",
        "dvc exp branch -q one said",
    ):
        subprocess.run(
            command.split(), cwd=tmp_path, env=environment(), check=True, stdin=subprocess.DEVNULL
        )
    shown = subprocess.run(
        ["git", "show", "said:said"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    project, checkout = shown.stdout.split()
    assert project == str(tmp_path)
    assert checkout.startswith(f"{tmp_path}/.dvc/tmp/exps/")
