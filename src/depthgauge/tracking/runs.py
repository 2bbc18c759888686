"""The runs of a sweep: a parent, and a child for each cell, found again by what they compute."""

from dataclasses import dataclass
from typing import Literal

from depthgauge.tracking.commit import commit_tags
from depthgauge.tracking.describe import describe_child, describe_parent
from depthgauge.tracking.process import bury_killed, process_tags
from depthgauge.tracking.store import Store, reported
from depthgauge.tracking.sweep import Cell, Sweep

SWEEP, CELL, PARENT = "depthgauge.sweep", "depthgauge.cell", "mlflow.parentRunId"
"""Tags: what a parent is of, what a child is of, and whose child it is (MLflow's own)."""

MANY = 50_000
"""More children than any sweep has, and MLflow's own limit for one search."""

Ending = Literal["FINISHED", "FAILED", "KILLED"]


@dataclass(frozen=True)
class Runs:
    """The MLflow ids of a sweep's runs: plain strings, to be handed to other processes."""

    experiment: str
    parent: str
    children: dict[str, str]
    """By the key of the cell."""


@reported
def start_sweep(store: Store, sweep: Sweep) -> Runs:
    """Find or create the runs; the parent is RUNNING, each unfinished child SCHEDULED.

    To be called once, before the processes that train: they only need their run's id. What a
    killed process left behind is marked first. Raises TrackingError.
    """
    bury_killed(store)
    runs = adopt(store, sweep)
    start_run(store, runs.parent)
    for run_id in runs.children.values():
        if _status(store, run_id) != "FINISHED":
            _set_status(store, run_id, "SCHEDULED")
    return runs


@reported
def start_run(store: Store, run_id: str) -> None:
    """Say that this process, at this commit, now works on a run. Raises TrackingError."""
    _set_status(store, run_id, "RUNNING")


@reported
def postpone_run(store: Store, run_id: str) -> None:
    """Say that a run waits for a process again: its job was requeued. Raises TrackingError."""
    _set_status(store, run_id, "SCHEDULED")


@reported
def end_run(store: Store, run_id: str, ending: Ending) -> None:
    """Say how a run ended; one that has ended so before keeps its time. Raises TrackingError."""
    if _status(store, run_id) != ending:
        store.client.set_terminated(run_id, ending)


@reported
def adopt(store: Store, sweep: Sweep) -> Runs:
    """Return the runs of a sweep in the state they are in; those missing are created.

    Whoever asks, and however many at once: one run per identity. Raises TrackingError.
    """
    with store.lock():
        experiment = _experiment(store, sweep.study)
        parent = _find(store, experiment, SWEEP, sweep.key, SWEEP).get(sweep.key)
        if parent is None:
            parent = _create(store, experiment, sweep.name, {SWEEP: sweep.key})
        describe_parent(store, parent, sweep)
        known = _find(store, experiment, PARENT, parent, CELL)
        runs = Runs(experiment, parent, {})
        for cell in sweep.cells:
            runs.children[cell.key] = known.get(cell.key) or _create_child(store, runs, cell)
            describe_child(store, runs.children[cell.key], sweep, cell)
    return runs


def renew(store: Store, runs: Runs, sweep: Sweep, cell: Cell) -> None:
    """Put a new run in the place of a cell's, in `runs` too: a curve cannot be taken back."""
    with store.lock():
        store.client.delete_run(runs.children[cell.key])
        runs.children[cell.key] = _create_child(store, runs, cell)
        describe_child(store, runs.children[cell.key], sweep, cell)


def _experiment(store: Store, study: str) -> str:
    experiment = store.client.get_experiment_by_name(study)
    if experiment is None:
        return store.client.create_experiment(study, store.artifact_location(study))
    if experiment.lifecycle_stage == "deleted":  # its name is taken for ever, so it comes back
        store.client.restore_experiment(experiment.experiment_id)
    return experiment.experiment_id


def _find(store: Store, experiment: str, tag: str, value: str, name: str) -> dict[str, str]:
    """Return the ids of the runs whose `tag` has the value, by their tag `name`."""
    found = store.client.search_runs([experiment], f"tags.`{tag}` = '{value}'", max_results=MANY)
    return {run.data.tags[name]: run.info.run_id for run in found if name in run.data.tags}


def _create_child(store: Store, runs: Runs, cell: Cell) -> str:
    tags = {PARENT: runs.parent, CELL: cell.key}
    return _create(store, runs.experiment, cell.label, tags)


def _create(store: Store, experiment: str, name: str, tags: dict[str, str]) -> str:
    """Create a run and return its id; until a process starts it, it is SCHEDULED."""
    run = store.client.create_run(experiment, tags=tags | commit_tags(store.root), run_name=name)
    _set_status(store, run.info.run_id, "SCHEDULED")
    return run.info.run_id


def _status(store: Store, run_id: str) -> str:
    return store.client.get_run(run_id).info.status


def _set_status(store: Store, run_id: str, status: str) -> None:
    from mlflow.entities import RunTag

    tags = process_tags() | commit_tags(store.root)
    store.client.log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])
    store.client.update_run(run_id, status)
