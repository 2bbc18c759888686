import numpy as np
import pytest
from mlflow.exceptions import MlflowException

from depthgauge.tracking import buffer as buffer_module
from depthgauge.tracking.buffer import LiveMetrics
from depthgauge.tracking.runs import start_sweep
from depthgauge.tracking.sweep import sweep_of


@pytest.fixture
def run_id(store, make_record):
    return start_sweep(store, sweep_of([make_record().attrs])).children["cell2"]


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets: `clock[0]`, in seconds."""
    now = [0.0]
    monkeypatch.setattr(buffer_module.time, "monotonic", lambda: now[0])
    return now


def cost(*steps):
    return {"cost": (np.array(steps), np.array(steps) / 10)}


def steps_in(store, run_id):
    return [point.step for point in store.client.get_metric_history(run_id, "cost")]


def forbid(sentence):
    raise AssertionError(sentence)


def test_points_are_written_every_thirty_seconds(store, run_id, clock):
    """Points wait for each other, half a minute at most; the end writes the rest."""
    live = LiveMetrics(store, run_id, forbid)
    live.add(cost(0, 1))
    clock[0] = 29.0
    live.add(cost(2))
    assert steps_in(store, run_id) == []
    clock[0] = 30.0
    live.add({})
    assert steps_in(store, run_id) == [0, 1, 2]
    live.add(cost(3))
    live.flush()
    assert steps_in(store, run_id) == [0, 1, 2, 3]


def test_a_resumed_training_writes_no_point_twice(store, run_id):
    """Steps between the last checkpoint and the interruption are done again, not drawn again."""
    for steps in [(0, 1, 2, 3), (2, 3, 4, 5)]:
        live = LiveMetrics(store, run_id, forbid)
        live.add(cost(*steps))
        live.flush()
    assert steps_in(store, run_id) == [0, 1, 2, 3, 4, 5]


def test_many_points_go_in_batches(store, run_id):
    """More points than MLflow takes at once (1,000) all arrive."""
    live = LiveMetrics(store, run_id, forbid)
    live.add(cost(*range(2500)))
    live.flush()
    assert sorted(steps_in(store, run_id)) == list(range(2500))


def test_what_ends_a_process_between_two_batches_writes_no_point_twice(store, run_id, monkeypatch):
    """SIGTERM, say: all is written again at the end, and what was there already is there once."""
    write, batches = store.client.log_batch, []

    def end_at_the_second(run_id, metrics):
        batches.append(len(metrics))
        if len(batches) == 2:
            raise KeyboardInterrupt
        write(run_id, metrics)

    monkeypatch.setattr(store.client, "log_batch", end_at_the_second)
    live = LiveMetrics(store, run_id, forbid)
    live.add(cost(*range(2500)))
    with pytest.raises(KeyboardInterrupt):
        live.flush()
    live.flush()
    assert batches == [1000, 1000, 1000, 1000, 500]
    assert sorted(steps_in(store, run_id)) == list(range(2500))


def test_nothing_is_read_while_training(store, run_id, monkeypatch):
    """Points are written blindly: a run of many points costs no more than one of few."""
    monkeypatch.setattr(store.client, "get_metric_history", forbid)
    live = LiveMetrics(store, run_id, forbid)
    live.add(cost(0, 1))
    live.flush()
    monkeypatch.undo()
    assert steps_in(store, run_id) == [0, 1]


def test_a_failing_database_warns_once_and_catches_up(store, run_id, clock, monkeypatch):
    """Training goes on, with one warning; tries grow rarer; later every point is there once."""
    warnings, tries = [], []
    write = store.client.log_batch
    live = LiveMetrics(store, run_id, warnings.append)

    def fail_after_a_part(run_id, metrics):
        tries.append(clock[0])
        write(run_id, metrics[:1])
        raise MlflowException("database is locked")

    monkeypatch.setattr(store.client, "log_batch", fail_after_a_part)
    for now in (30.0, 60.0, 90.0, 150.0, 210.0):
        clock[0] = now
        live.add(cost(int(now)))
    assert tries == [30.0, 90.0, 210.0]
    assert len(warnings) == 1
    assert "is not usable (database is locked)" in warnings[0]
    monkeypatch.setattr(store.client, "log_batch", write)
    live.flush()
    assert sorted(steps_in(store, run_id)) == [30, 60, 90, 150, 210]
