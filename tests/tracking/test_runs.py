import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from depthgauge.tracking.runs import CELL, PARENT, SWEEP, adopt, end_run, start_run, start_sweep
from depthgauge.tracking.store import open_store
from depthgauge.tracking.sweep import sweep_of
from depthgauge.tracking.write_points import write_points


@pytest.fixture
def sweep(make_record):
    return sweep_of([make_record(layers).attrs for layers in (3, 2)])


def runs_of(store):
    experiments = [each.experiment_id for each in store.client.search_experiments()]
    return {run.info.run_id: run for run in store.client.search_runs(experiments)}


def test_a_parent_and_its_children(store, sweep):
    """The study is the experiment; the page's search finds each cell by its parent, named."""
    runs = adopt(store, sweep)
    experiment = store.client.get_experiment_by_name("nielsen_training_speed")
    assert experiment.artifact_location == store.artifact_location("nielsen_training_speed")
    children = store.client.search_runs(
        [experiment.experiment_id], f"tags.`mlflow.parentRunId` = '{runs.parent}'"
    )
    assert {run.info.run_id for run in children} == set(runs.children.values())
    assert list(runs.children) == ["cell3", "cell2"]
    child = store.client.get_run(runs.children["cell3"])
    assert child.info.run_name == "hidden=[30, 30]"
    assert child.data.params == {
        "hidden": "[30, 30]",
        "depth": "2",
        "seeds": "4",
        "learning_rate": "0.1",
    }
    assert child.data.tags["depthgauge.data"] == "d1" * 32
    assert child.inputs.dataset_inputs[0].dataset.name == "mnist"
    parent = store.client.get_run(runs.parent)
    assert parent.data.tags["depthgauge.sweep"] == sweep.key
    note = parent.data.tags["mlflow.note.content"]
    assert note.startswith("- **question**: How fast does each layer learn?")


def test_the_same_sweep_is_found_again(store, sweep, make_record):
    """Repeating or resuming adds no run; another sweep of the same cells has its own."""
    first = start_sweep(store, sweep)
    assert start_sweep(store, sweep) == first
    assert len(runs_of(store)) == 3
    wider = sweep_of([make_record(layers).attrs for layers in (2, 3, 4)])
    assert start_sweep(store, wider).parent != first.parent
    assert len(runs_of(store)) == 3 + 4


def test_a_deleted_run_or_experiment_comes_back(store, sweep):
    """What somebody deleted in the page is made anew, or restored, not tripped over."""
    runs = adopt(store, sweep)
    store.client.delete_run(runs.children["cell2"])
    again = adopt(store, sweep)
    assert again.children["cell2"] != runs.children["cell2"]
    store.client.delete_experiment(again.experiment)
    assert adopt(store, sweep).experiment == again.experiment


@pytest.mark.parametrize("forgotten", [False, True], ids=["deleted", "deleted for good"])
def test_a_deleted_parent_leaves_no_orphan(store, sweep, forgotten):
    """Its cells go to the parent that is made anew, also where no trace of the old one is left."""
    first = adopt(store, sweep)
    store.client.delete_run(first.parent)
    if forgotten:
        for run_id in first.children.values():
            store.client.set_tag(run_id, PARENT, "a deleted run")
    again = adopt(store, sweep)
    assert again.parent != first.parent
    assert again.children == first.children
    active = runs_of(store)
    assert set(active) == {again.parent, *first.children.values()}
    parents = {active[each].data.tags[PARENT] for each in first.children.values()}
    assert parents == {again.parent}


def test_the_states_of_a_sweep(store, sweep):
    """Scheduled, running, finished; a finished cell stays so when the sweep is repeated."""
    runs = start_sweep(store, sweep)
    status = lambda run_id: store.client.get_run(run_id).info.status  # noqa: E731
    assert status(runs.parent) == "RUNNING"
    assert {status(each) for each in runs.children.values()} == {"SCHEDULED"}
    start_run(store, runs.children["cell2"])
    assert status(runs.children["cell2"]) == "RUNNING"
    end_run(store, runs.children["cell2"], "FINISHED")
    ended = store.client.get_run(runs.children["cell2"]).info.end_time
    start_sweep(store, sweep)
    end_run(store, runs.children["cell2"], "FINISHED")
    assert store.client.get_run(runs.children["cell2"]).info.end_time == ended
    end_run(store, runs.parent, "FAILED")
    assert status(runs.parent) == "FAILED"


def test_of_runs_made_twice_one_stays(store, sweep):
    """As two machines make them at once, or a server whose answer was lost is asked again."""
    first = adopt(store, sweep)
    later = store.client.get_run(first.children["cell2"]).info.start_time + 1
    make = lambda tags: store.client.create_run(first.experiment, later, tags).info.run_id  # noqa: E731
    twin = make({SWEEP: sweep.key})
    for parent, cell in ((twin, "cell2"), (twin, "cell3"), (first.parent, "cell2")):
        make({PARENT: parent, SWEEP: sweep.key, CELL: cell})
    assert len(runs_of(store)) == 3 + 4
    assert adopt(store, sweep) == first
    assert set(runs_of(store)) == {first.parent, *first.children.values()}


def test_an_experiment_that_another_machine_makes_meanwhile(store, sweep, monkeypatch):
    """Between our question and our request: theirs is taken."""
    theirs = store.client.create_experiment(sweep.study)
    real, answers = store.client.get_experiment_by_name, iter([None])
    monkeypatch.setattr(
        store.client, "get_experiment_by_name", lambda name: next(answers, real(name))
    )
    assert adopt(store, sweep).experiment == theirs


def write_with_others(root, name, attributes):
    """What each process of the next test does."""
    store = open_store(root)
    runs = adopt(store, sweep_of(attributes))
    for start in range(0, 500, 100):
        steps = np.arange(start, start + 100)
        run = store.client.get_run(runs.children["cell2"])
        write_points(store, run, {name: (steps, steps / 2)})
    return runs


def test_processes_that_start_at_once(root, make_record):
    """Four processes in a project without a database: one schema, one run each, every point."""
    for path in root.glob("mlflow.db*"):
        path.unlink()
    attributes = [make_record(layers).attrs for layers in (2, 3)]
    context = multiprocessing.get_context("forkserver")
    needed = ["depthgauge.tracking.import_records", "mlflow.store.tracking.sqlalchemy_store"]
    context.set_forkserver_preload(needed)  # imported once, not four times
    with ProcessPoolExecutor(4, context) as pool:
        writers = [
            pool.submit(write_with_others, root, f"writer{each}", attributes) for each in range(4)
        ]
    runs, *others = [writer.result() for writer in writers]
    assert others == [runs] * 3
    store = open_store(root)
    assert len(runs_of(store)) == 3
    for each in range(4):
        history = store.client.get_metric_history(runs.children["cell2"], f"writer{each}")
        assert sorted(point.step for point in history) == list(range(500))


def test_names_count_equal_widths(store, make_record):
    """Twenty widths would fill the table."""
    label = f"model=he, hidden={[100] * 20}"
    runs = start_sweep(store, sweep_of([make_record().attrs | {"label": label}]))
    (child,) = runs.children.values()
    assert store.client.get_run(child).info.run_name == "model=he, hidden=[20 x 100]"


def test_an_experiment_says_what_its_study_asks(store, sweep):
    """Above the table of runs, in the page for training."""
    experiment = store.client.get_experiment(start_sweep(store, sweep).experiment)
    assert experiment.tags["mlflow.note.content"] == "How fast does each layer learn?"
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
