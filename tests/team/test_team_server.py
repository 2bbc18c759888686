"""A sweep against a team's tracking server: all of it arrives once, or later, and no secret."""

import shutil
import time

import numpy as np
import pytest
from mlflow import MlflowClient
from team_servers import PASSWORDS

from depthgauge.records import read_study
from depthgauge.tracking.artifacts import record_files
from depthgauge.tracking.import_records import all_points

pytestmark = [pytest.mark.slow, pytest.mark.alone]

STUDY = "nielsen_accuracy"
TRAIN = [
    "depthgauge", "train", f"study={STUDY}", "scale=smoke", "steps=200", "seeds=2",
    "train_size=1000", "evaluation.every=100", f"out=build/{STUDY}",
]  # fmt: skip
TWO_WORKERS = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]


@pytest.fixture
def client(server, environment):
    """The administrator's view of the server, also that of commands run in this process."""
    environment(server.credentials("admin"))
    return MlflowClient(server.url)


def records_in(folder):
    """Return the bytes of each record of a study."""
    return {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}


def sentences(err):
    """Return our own sentences."""
    return [line for line in err.splitlines() if line.startswith("depthgauge:")]


def sweep_of(client, records):
    """Return the parent of the one sweep that has just these cells, and its children by cell."""
    experiment = client.get_experiment_by_name(STUDY).experiment_id
    runs = client.search_runs([experiment])
    parents = [run for run in runs if "depthgauge.cell" not in run.data.tags]
    wanted, found = sorted(record.attrs["cell"] for record in records), []
    for parent in parents:
        mine = [
            run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id
        ]
        if sorted(run.data.tags["depthgauge.cell"] for run in mine) == wanted:
            found.append((parent, {run.data.tags["depthgauge.cell"]: run for run in mine}))
    assert len(found) == 1, found
    return found[0]


def all_arrived(client, root, folder):
    """Every run, point and artifact of the project's records is on the server, once."""
    records = read_study(root / "build" / STUDY)
    parent, children = sweep_of(client, records)
    assert {run.info.status for run in (parent, *children.values())} == {"FINISHED"}
    assert parent.info.artifact_uri.startswith("mlflow-artifacts:/")
    figures = [file.path for file in client.list_artifacts(parent.info.run_id, "figures")]
    assert f"figures/{STUDY}.svg" in figures
    for record in records:
        run = children[record.attrs["cell"]]
        expected = all_points(record)
        live = [name for name in run.data.metrics if not name.startswith("seeds_")]
        assert set(live) == set(expected)
        for name, (steps, values) in expected.items():
            history = sorted(
                client.get_metric_history(run.info.run_id, name), key=lambda point: point.step
            )
            np.testing.assert_array_equal([point.step for point in history], steps)
            np.testing.assert_allclose([point.value for point in history], values, rtol=1e-6)
        target = folder / run.info.run_id
        target.mkdir(parents=True)
        client.download_artifacts(run.info.run_id, "", str(target))
        files = {
            str(path.relative_to(target)): path.read_text()
            for path in target.rglob("*")
            if path.is_file()
        }
        assert files == record_files(record)
    last = records[0]["accuracy_test"].isel(evaluation_step=-1)
    shown = children[records[0].attrs["cell"]].data.metrics["accuracy"]
    assert shown == pytest.approx(last.mean().item())
    return records


def no_secret_in(root, *texts):
    """Passwords are neither shown nor stored, also not in part of a file."""
    for password in PASSWORDS.values():
        assert all(password not in text for text in texts)
        for path in root.rglob("*"):
            assert not path.is_file() or password.encode() not in path.read_bytes(), path


def test_a_sweep_of_two_workers_arrives(server, client, project, done, tmp_path):
    """Three cells, two processes, one user: runs, curves, tables, figures; nothing complains."""
    words = [*TRAIN, *TWO_WORKERS, "hidden=[5],[4],[4,3]"]
    code, out, err = done(project, words, **server.credentials("alice"))
    assert (code, sentences(err)) == (0, []), err
    assert len(all_arrived(client, project, tmp_path / "artifacts")) == 3
    no_secret_in(project, out, err)
    assert not (project / "mlflow.db").exists()


def test_a_wrong_password_costs_one_sentence(
    server, client, project, depthgauge, environment, tmp_path
):
    """The records are whole; a colleague's `track` is refused, then brings all of them."""
    words = [*TRAIN[1:], "hidden=[5],[7]", "gradients.every=0", "gradients.spacing=linear"]
    environment(server.credentials("alice", "not the word"))
    code, out, err = depthgauge(*words)
    assert code == 0 and "2 cells done" in out, err
    (sentence,) = sentences(err)
    assert sentence == (
        f"depthgauge: MLflow's store {server.url} rejected the user and password: set"
        " MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, then run `depthgauge track`;"
        " no result is lost"
    )
    kept = records_in(project / "build" / STUDY)
    code, _, err = depthgauge("track")
    assert (code, sentences(err)) == (5, [sentence])
    environment(server.credentials("bob"))
    code, out, err = depthgauge("track")
    assert (code, sentences(err)) == (0, []), err
    environment(server.credentials("admin"))
    all_arrived(client, project, tmp_path / "artifacts")
    no_secret_in(project, out, err)
    shutil.rmtree(project / ".cells")
    code, _, _ = depthgauge(*words, "tracking=false")
    assert code == 0 and kept == records_in(project / "build" / STUDY)


def test_a_server_killed_midway_loses_nothing(
    server, client, project, command, depthgauge, tmp_path
):
    """Killed when the first cell has written, started again: `track` completes what is missing."""
    widths = (8, 9, 10)
    words = [*TRAIN, *TWO_WORKERS, f"hidden={','.join(f'[{each}]' for each in widths)}"]
    words += ["steps=2000", "gradients.every=0", "gradients.spacing=linear"]
    sweep = command(project, words, **server.credentials("alice"))
    try:
        deadline = time.monotonic() + 300
        while not has_points(client, widths) and time.monotonic() < deadline:
            assert sweep.poll() is None, sweep.communicate()
            time.sleep(0.1)
        server.kill()
        assert not (project / "build" / STUDY).exists()
    finally:
        server.start()
        _, err = sweep.communicate(timeout=500)
    assert sweep.returncode == 0, err
    assert all("`depthgauge track`; no result is lost" in line for line in sentences(err))
    records = read_study(project / "build" / STUDY)
    assert [record.evaluation_step.values[-1] for record in records] == [2000] * 3
    server.wait()
    code, _, err = depthgauge("track")
    assert (code, sentences(err)) == (0, []), err
    all_arrived(client, project, tmp_path / "artifacts")


def has_points(client, widths):
    """Tell whether a run of one of these cells holds points."""
    experiment = client.get_experiment_by_name(STUDY)
    runs = client.search_runs([experiment.experiment_id]) if experiment else []
    names = {f"hidden=[{each}]" for each in widths}
    return any(run.data.metrics for run in runs if run.info.run_name in names)
