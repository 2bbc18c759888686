"""The runs of a sweep: a parent, and a child for each cell, found again by what they compute."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from depthgauge.provenance.git import commit_tags
from depthgauge.tracking.metadata import DESCRIPTION, describe_child, describe_parent, is_described
from depthgauge.tracking.process import MOST_RUNS, mark_killed, process_tags
from depthgauge.tracking.store import Store, raises_tracking_errors
from depthgauge.tracking.sweep import Cell, Sweep

if TYPE_CHECKING:
    from mlflow.entities import Run

SWEEP, CELL, PARENT = "depthgauge.sweep", "depthgauge.cell", "mlflow.parentRunId"
"""Tags: the sweep that a run belongs to, the cell that a child is of, and its parent (MLflow's)."""

KIND = "mlflow.experimentKind"
"""MLflow's tag of an experiment: which of its two pages opens."""

Ending = Literal["FINISHED", "FAILED", "KILLED"]


@dataclass(frozen=True)
class Runs:
    """The MLflow ids of a sweep's runs: plain strings, to be handed to other processes."""

    experiment: str
    parent: str
    children: dict[str, str]
    """By the `run_key` of the cell."""


@raises_tracking_errors
def start_sweep(store: Store, sweep: Sweep) -> Runs:
    """Find or create the runs; the parent is RUNNING, each unfinished child SCHEDULED.

    To be called once, before the processes that train: they only need their run's id. What a
    killed process left behind is marked first. Raises TrackingError.
    """
    mark_killed(store)
    runs, known = _adopt(store, sweep)
    start_run(store, runs.parent)
    for run in known.values():  # those just made are SCHEDULED
        if run.info.status != "FINISHED":
            _set_status(store, run.info.run_id, "SCHEDULED")
    return runs


@raises_tracking_errors
def start_run(store: Store, run_id: str) -> None:
    """Mark a run as RUNNING in this process, at this commit. Raises TrackingError."""
    _set_status(store, run_id, "RUNNING")


@raises_tracking_errors
def postpone_run(store: Store, run_id: str) -> None:
    """Mark a run as SCHEDULED again: its job was requeued. Raises TrackingError."""
    _set_status(store, run_id, "SCHEDULED")


@raises_tracking_errors
def end_run(store: Store, run_id: str, ending: Ending) -> None:
    """Set how a run ended; a run that already ended so keeps its end time. Raises TrackingError."""
    if store.client.get_run(run_id).info.status != ending:
        store.client.set_terminated(run_id, ending)


@raises_tracking_errors
def adopt(store: Store, sweep: Sweep) -> Runs:
    """Return the runs of a sweep in the state they are in; those missing are created.

    Whoever asks, and however many at once: one run per identity. Raises TrackingError.
    """
    return _adopt(store, sweep)[0]


def _adopt(store: Store, sweep: Sweep) -> tuple[Runs, "dict[str, Run]"]:
    """Return the runs, and by their cells' keys the children that were there before."""
    with store.lock():
        experiment = _experiment(store, sweep)
        parent, known = _find(store, experiment, sweep)
        if parent is None:
            parent = _create(store, experiment, sweep.name, {SWEEP: sweep.key})
        describe_parent(store, parent, sweep)
        runs = Runs(experiment, parent, {})
        for cell in sweep.cells:
            run = known.get(cell.run_key)
            run_id = run.info.run_id if run else _create_child(store, runs, sweep, cell)
            runs.children[cell.run_key] = run_id
            if run is not None and run.data.tags[PARENT] != parent:  # its parent was deleted
                store.client.set_tag(run_id, PARENT, parent)
            if run is None or not is_described(run, sweep, cell):
                describe_child(store, run_id, sweep, cell)
    return runs, known


def renew(store: Store, runs: Runs, sweep: Sweep, cell: Cell) -> "Run":
    """Replace the run of a cell, in `runs` too: MLflow cannot delete a point.

    It keeps the time that the training took.
    """
    with store.lock():
        former = store.client.get_run(runs.children[cell.run_key]).info
        store.client.delete_run(former.run_id)
        run_id = _create_child(store, runs, sweep, cell, former.start_time)
        runs.children[cell.run_key] = run_id
        describe_child(store, run_id, sweep, cell)
        if former.status == "FINISHED":
            store.client.set_terminated(run_id, former.status, former.end_time)
        return store.client.get_run(run_id)


def _experiment(store: Store, sweep: Sweep) -> str:
    experiment = store.client.get_experiment_by_name(sweep.study)
    if experiment is None:
        return _create_experiment(store, sweep)
    if experiment.lifecycle_stage == "deleted":  # its name stays reserved, so restore it
        store.client.restore_experiment(experiment.experiment_id)
    return experiment.experiment_id


def _create_experiment(store: Store, sweep: Sweep) -> str:
    """Create the study's experiment, unless another machine was faster."""
    from mlflow.exceptions import MlflowException

    location = store.artifact_location(sweep.study)
    tags = {DESCRIPTION: str(sweep.notebook.get("question", "")), KIND: "custom_model_development"}
    try:
        return store.client.create_experiment(sweep.study, location, tags)
    except MlflowException:
        experiment = store.client.get_experiment_by_name(sweep.study)
        if experiment is None:
            raise
        return experiment.experiment_id


def find_runs(store: Store, experiment: str, sweep: Sweep) -> "list[Run]":
    """Return the runs of a sweep, parent and children, the oldest first."""
    mine = f"tags.`{SWEEP}` = '{sweep.key}'"
    found = store.client.search_runs([experiment], mine, max_results=MOST_RUNS)
    return sorted(found, key=lambda run: (run.info.start_time, run.info.run_id))


def _find(store: Store, experiment: str, sweep: Sweep) -> "tuple[str | None, dict[str, Run]]":
    """Return the parent's id and, by the keys of their cells, the children of a sweep.

    The lock reaches no other machine, and a lost answer makes MLflow ask again: of runs made twice
    the first is kept, and the others are deleted.
    """
    runs: dict[str, Run] = {}
    for run in find_runs(store, experiment, sweep):
        if runs.setdefault(run.data.tags.get(CELL, ""), run) is not run:
            store.client.delete_run(run.info.run_id)
    parent = runs.pop("", None)
    return parent and parent.info.run_id, runs


def _create_child(
    store: Store, runs: Runs, sweep: Sweep, cell: Cell, start: int | None = None
) -> str:
    tags = {PARENT: runs.parent, SWEEP: sweep.key, CELL: cell.run_key}
    return _create(store, runs.experiment, cell.name, tags, start)


def _create(
    store: Store, experiment: str, name: str, tags: dict[str, str], start: int | None = None
) -> str:
    """Create a run and return its id; until a process starts it, it is SCHEDULED."""
    tags = tags | process_tags() | commit_tags(store.checkout)
    run = store.client.create_run(experiment, start, tags, name)
    store.client.update_run(run.info.run_id, "SCHEDULED")
    return run.info.run_id


def _set_status(store: Store, run_id: str, status: str) -> None:
    from mlflow.entities import RunTag

    tags = process_tags() | commit_tags(store.checkout)
    store.client.log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])
    store.client.update_run(run_id, status)
