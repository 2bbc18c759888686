import json
import shutil
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from depthgauge.errors import TrackingError
from depthgauge.tracking import import_records
from depthgauge.tracking.buffer import LiveMetrics
from depthgauge.tracking.curves import points
from depthgauge.tracking.import_records import all_points
from depthgauge.tracking.runs import start_run, start_sweep
from depthgauge.tracking.sweep import sweep_of

FIGURES = {"speed.svg": "<svg/>", "speed.png": b"\x89PNG"}


@pytest.fixture
def records(make_record):
    return [make_record(layers) for layers in (2, 3)]


def track(store, records, figures):
    return import_records.track(store, sweep(records), records, figures)


def sweep(records):
    return sweep_of([record.attrs for record in records])


def contents(store):
    """Return every point of every live run, as often as it is there: (cell, name, step, value)."""
    experiments = [each.experiment_id for each in store.client.search_experiments()]
    return sorted(
        (run.data.tags["depthgauge.cell"], name, point.step, point.value)
        for run in store.client.search_runs(experiments)
        for name in run.data.metrics
        for point in store.client.get_metric_history(run.info.run_id, name)
    )


def artifact(store, run_id, path):
    return Path(store.client.download_artifacts(run_id, path))


def test_records_alone_fill_an_empty_database(store, records):
    """After a `dvc pull`: the curves of every record, finished, with tables and figures."""
    runs = track(store, records, FIGURES)
    expected = points(records[1])["bias_gradient/layer_3"]
    history = store.client.get_metric_history(runs.children["cell3"], "bias_gradient/layer_3")
    np.testing.assert_array_equal([point.step for point in history], expected[0])
    np.testing.assert_array_equal([point.value for point in history], expected[1])
    child = store.client.get_run(runs.children["cell3"])
    assert child.data.metrics["bias_gradient/layer_3"] == expected[1][-1]
    assert child.data.metrics["n_diverged"] == 0
    states = [runs.parent, *runs.children.values()]
    assert {store.client.get_run(each).info.status for each in states} == {"FINISHED"}
    assert artifact(store, runs.parent, "figures/speed.svg").read_text() == "<svg/>"
    assert artifact(store, runs.parent, "figures/speed.png").read_bytes() == b"\x89PNG"


def test_the_tables_hold_every_seed(store, records):
    """Each row of a table is one replica at one step (and layer), as in the record."""
    runs = track(store, records, {})
    config = json.loads(artifact(store, runs.children["cell2"], "config.json").read_text())
    assert config == records[0].attrs["config"]
    text = artifact(store, runs.children["cell2"], "seeds/gradient_step-layer.csv").read_text()
    table = pd.read_csv(StringIO(text))
    assert list(table) == ["seed", "learning_rate", "gradient_step", "layer", "bias_gradient_norm"]
    row = table.query("seed == 3 and gradient_step == 20 and layer == 1")
    value = records[0]["bias_gradient_norm"].sel(gradient_step=20, layer=1)[3]
    assert row["bias_gradient_norm"].item() == pytest.approx(value.item(), rel=1e-12)
    assert len(table) == 4 * 6 * 2
    assert artifact(store, runs.children["cell2"], "seeds/replica.csv").exists()


def test_importing_again_changes_nothing(store, records):
    """The second import adds no run and no point; figures are written over."""
    first = track(store, records, FIGURES)
    before = contents(store)
    ends = [store.client.get_run(each).info.end_time for each in first.children.values()]
    assert track(store, records, {"speed.svg": "<svg>new</svg>"}) == first
    assert contents(store) == before
    again = [store.client.get_run(each).info.end_time for each in first.children.values()]
    assert again == ends
    assert artifact(store, first.parent, "figures/speed.svg").read_text() == "<svg>new</svg>"


def test_what_was_live_is_completed(store, records):
    """A run followed live, cut short, then imported holds what an import alone would hold."""
    runs = start_sweep(store, sweep(records))
    start_run(store, runs.children["cell2"])
    live = LiveMetrics(store, runs.children["cell2"], print)
    live.add(points(records[0].isel(gradient_step=slice(0, 4), evaluation_step=slice(0, 1))))
    live.flush()
    partly = contents(store)
    assert len(partly) > 0
    assert track(store, records, {}) == runs
    whole = contents(store)
    assert set(partly) < set(whole)
    assert len(set(whole)) == len(whole)
    expected = sum(len(steps) for record in records for steps, _ in all_points(record).values())
    assert len(whole) == expected


def test_what_was_followed_live_is_written_over_and_never_read(store, records, monkeypatch):
    """Each point is there once though all are written twice: MLflow knows it by its timestamp."""
    runs = start_sweep(store, sweep(records))
    for record in records:
        live = LiveMetrics(store, runs.children[record.attrs["cell"]], print)
        for part in (slice(0, 3), slice(3, None)):
            live.add(points(record.isel(gradient_step=part, evaluation_step=slice(0, 1))))
            live.flush()

    def read(*_):
        raise AssertionError("points were read back")

    monkeypatch.setattr(store.client, "get_metric_history", read)
    assert track(store, records, {}) == runs
    monkeypatch.undo()
    expected = {
        (record.attrs["cell"], name, step, value)
        for record in records
        for name, curve in all_points(record).items()
        for step, value in zip(*curve, strict=True)
    }
    found = contents(store)
    assert len(found) == len(expected)
    assert set(found) == expected


def test_an_import_that_was_cut_short_is_completed(store, records, monkeypatch):
    """Killed between two batches: the next one adds what is missing, in the same runs."""
    write = store.client.log_batch

    def stop(run_id, metrics=(), **others):
        write(run_id, metrics[: len(metrics) // 2], **others)
        if metrics:
            raise KeyboardInterrupt

    monkeypatch.setattr(store.client, "log_batch", stop)
    with pytest.raises(KeyboardInterrupt):
        track(store, records, {})
    monkeypatch.undo()
    begun = {each[:3] for each in contents(store)}
    assert begun
    track(store, records, {})
    names = [each[:3] for each in contents(store)]
    assert begun < set(names)
    assert len(set(names)) == len(names)


def test_each_learning_rate_is_a_run(store, make_record):
    """Its own points under the same names as every other run's, its rate a parameter."""
    record = make_record(seeds=4, learning_rates=[0.01, 0.1])
    record["learning_rate"][:] = [0.1, 0.01, 0.1, 0.01]
    runs = track(store, [record], {})
    found = {key: store.client.get_run(each) for key, each in runs.children.items()}
    assert {key: run.data.params["learning_rate"] for key, run in found.items()} == {
        "cell2@0.01": "0.01",
        "cell2@0.1": "0.1",
    }
    last = record["accuracy_validation"].values[:, -1]
    assert found["cell2@0.1"].data.metrics["accuracy"] == pytest.approx(last[[0, 2]].mean())
    assert found["cell2@0.01"].data.metrics["accuracy"] == pytest.approx(last[[1, 3]].mean())
    assert found["cell2@0.1"].info.run_name == "hidden=[30], learning_rate=0.1"
    assert store.client.get_run(runs.parent).data.params["learning_rate"] == "0.01, 0.1"
    assert "learning_rate" not in "".join(found["cell2@0.1"].data.metrics)


def test_the_parent_shows_its_cells(store, records):
    """A table in its description, the most accurate first, and all of it as summary.csv."""
    runs = track(store, records, {})
    text = store.client.get_run(runs.parent).data.tags["mlflow.note.content"]
    rows = [line for line in text.splitlines() if line.startswith("| hidden")]
    finals = {record.attrs["label"]: record["accuracy_validation"][:, -1] for record in records}
    best = max(finals, key=lambda label: float(finals[label].mean()))
    assert rows[0].startswith(f"| {best} | {float(finals[best].mean()):.4g} [")
    assert text.index("| run |") < text.index("How fast does each layer learn?")
    table = pd.read_csv(artifact(store, runs.parent, "summary.csv"), index_col="run")
    values = finals[best].values
    low, high = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    assert table.loc[best, ["accuracy_low", "accuracy_high"]].tolist() == pytest.approx([low, high])
    track(store, records, {})
    assert store.client.get_run(runs.parent).data.tags["mlflow.note.content"] == text


def test_an_import_of_nothing_new_writes_nothing(store, records, monkeypatch):
    """Neither points nor tags: thousands of cells would be as many transactions."""
    track(store, records, {})
    written = []
    for name in ("log_batch", "set_tag"):
        monkeypatch.setattr(store.client, name, lambda run_id, *_, **__: written.append(run_id))
    runs = track(store, records, {})
    assert not set(written) & set(runs.children.values())


def test_a_record_with_other_numbers_replaces_its_run(store, make_record):
    """A record of the same cell with another number in it, as after `git checkout`, wins."""
    record = make_record()
    run_id = track(store, [record], {}).children["cell2"]
    changed = make_record()
    changed["probe_cost"][:, 2] += 1
    track(store, [changed], {})
    values = [each[3] for each in contents(store) if each[1:3] == ("probe_cost", 20)]
    assert values == [pytest.approx(float(changed["probe_cost"][:, 2].mean()))]
    assert store.client.get_run(run_id).info.lifecycle_stage == "deleted"


def test_means_with_a_replica_that_diverged_later_are_replaced(store, make_record):
    """A live mean cannot know who will diverge; the record does, and it wins."""
    record = make_record()
    runs = start_sweep(store, sweep([record]))
    live = LiveMetrics(store, runs.children["cell2"], print)
    live.add(points(record.isel(gradient_step=slice(0, 3), evaluation_step=slice(0, 1))))
    live.flush()
    record["diverged_at"][1] = 30
    after = track(store, [record], {})
    assert after.parent == runs.parent
    values = [
        value for _, name, step, value in contents(store) if (name, step) == ("probe_cost", 0)
    ]
    assert values == [pytest.approx(record["probe_cost"].isel(replica=[0, 2, 3])[:, 0].mean())]
    assert track(store, [record], {}) == after


def test_a_folder_of_artifacts_that_cannot_be_written(store, records):
    """Trouble on the way is one sentence too, and the import can be repeated."""
    track(store, records, {})
    blocked = store.root / "mlruns" / "nielsen_training_speed"
    blocked.rename(store.root / "elsewhere")
    blocked.write_text("a file in its place")
    with pytest.raises(TrackingError, match=r"is not usable.*`depthgauge track`"):
        track(store, records, {})
    blocked.unlink()
    track(store, records, FIGURES)


def test_what_is_tracked_need_not_be_tracked_again(store, make_record):
    """Until a number of a record changes, or a run or the artifacts are gone."""
    records = [make_record(layers) for layers in (2, 3)]
    ask = lambda: import_records.is_tracked(store, sweep(records), records)  # noqa: E731
    assert not ask()
    runs = track(store, records, {})
    assert ask()
    records[0]["probe_cost"][0, 0] += 1
    assert not ask()
    runs = track(store, records, {})
    assert ask()
    store.client.delete_run(runs.children["cell3"])
    assert not ask()
    track(store, records, {})
    assert ask()
    shutil.rmtree(store.root / "mlruns")
    assert not ask()


def test_a_renewed_run_keeps_its_duration(store, make_record):
    """Its points are new; the training took what it took."""
    record = make_record()
    former = store.client.get_run(track(store, [record], {}).children["cell2"]).info
    record["probe_cost"][:, 2] += 1
    renewed = store.client.get_run(track(store, [record], {}).children["cell2"]).info
    assert renewed.run_id != former.run_id
    assert (renewed.start_time, renewed.end_time) == (former.start_time, former.end_time)
