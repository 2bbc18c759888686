"""Records and figures to MLflow; repeating the import writes nothing twice."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from depthgauge.errors import DataError
from depthgauge.tracking.artifacts import record_files, upload
from depthgauge.tracking.curves import Points, by_rate, points
from depthgauge.tracking.metadata import describe_results
from depthgauge.tracking.process import mark_killed
from depthgauge.tracking.profiles import profiles
from depthgauge.tracking.runs import CELL, Runs, adopt, end_run, find_runs, renew
from depthgauge.tracking.scalars import scalars
from depthgauge.tracking.store import Store, raises_tracking_errors
from depthgauge.tracking.summary import markdown, summary
from depthgauge.tracking.sweep import Cell, Sweep
from depthgauge.tracking.views import save_views
from depthgauge.tracking.write_points import DIGEST, digest, write_points

SOURCE = "depthgauge.source"
"""Tag of a parent: digest of what its runs, tables and figures are made from."""


@raises_tracking_errors
def is_tracked(store: Store, sweep: Sweep, records: Sequence[xr.Dataset]) -> bool:
    """Return whether `track` has imported exactly these records; mark runs of killed processes.

    This costs far less than drawing and writing everything again. Raises TrackingError.
    """
    mark_killed(store)
    experiment = store.client.get_experiment_by_name(sweep.study)
    runs = find_runs(store, experiment.experiment_id, sweep) if experiment else []
    parents = [run for run in runs if CELL not in run.data.tags]
    return (
        len(parents) == 1
        and len(runs) == 1 + len(sweep.cells)
        and {run.info.status for run in runs} == {"FINISHED"}
        and parents[0].data.tags.get(SOURCE) == _source(records)
        and bool(store.client.list_artifacts(parents[0].info.run_id))
    )


@raises_tracking_errors
def track(
    store: Store, sweep: Sweep, records: Sequence[xr.Dataset], figures: Mapping[str, str | bytes]
) -> Runs:
    """Bring the runs of a sweep up to date with its records, and return the runs.

    The runs that followed the training are found again, or made where there are none (after a
    `dvc pull`). Points that are there stay, missing ones are added, files are written over.
    `figures` (file name -> content) become artifacts of the parent. Raises TrackingError.
    """
    cells = _of_each_cell(sweep, records)
    table = summary(cells)
    with store.lock():  # two imports at once would both replace the same runs
        mark_killed(store)
        runs = adopt(store, sweep)
        metrics: set[str] = set()
        for cell, record in cells:
            metrics |= _track_cell(store, runs, sweep, cell, record)
        upload(store, runs.parent, figures, "figures")
        upload(store, runs.parent, {"summary.csv": table.to_csv(index=False)}, "")
        describe_results(store, runs.parent, sweep, markdown(table))
        save_views(store, runs.experiment, sweep, metrics)
        end_run(store, runs.parent, "FINISHED")
        store.client.set_tag(runs.parent, SOURCE, _source(records))
    return runs


def all_points(record: xr.Dataset) -> Points:
    """Return all that MLflow gets of a whole record of one learning rate."""
    return points(record) | profiles(record) | scalars(record)


def _source(records: Sequence[xr.Dataset]) -> str:
    """Return 64 hex digits for all that records hold and for the code that reads and draws them."""
    total = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        total.update(path.read_bytes())
    for record in records:
        total.update(json.dumps(record.attrs, sort_keys=True).encode())
        for name, variable in sorted(record.variables.items()):
            total.update(f"{name} {variable.dims} {variable.dtype} {variable.shape}".encode())
            total.update(np.ascontiguousarray(variable).tobytes())
    return total.hexdigest()


def _of_each_cell(sweep: Sweep, records: Sequence[xr.Dataset]) -> list[tuple[Cell, xr.Dataset]]:
    """Return each cell with its replicas."""
    found = {record.attrs["cell"]: by_rate(record) for record in records}
    try:
        return [(cell, found[cell.key][cell.learning_rate]) for cell in sweep.cells]
    except KeyError as error:
        raise DataError(
            f"the records of {sweep.study} have no replicas of {error}; remove them and train the"
            " study again"
        ) from error


def _track_cell(store: Store, runs: Runs, sweep: Sweep, cell: Cell, record: xr.Dataset) -> set[str]:
    """Bring one run up to date, and return the names of its metrics."""
    curves = all_points(record)
    run = store.client.get_run(runs.children[cell.run_key])
    wanted, held = digest(curves), run.data.tags.get(DIGEST)
    if held != wanted:
        # What was followed live has no digest; its means held a replica that diverged later on.
        diverged = bool((record["diverged_at"] >= 0).any())
        if held or (diverged and run.data.metrics):
            run = renew(store, runs, sweep, cell)
        write_points(store, run, curves)
        store.client.set_tag(run.info.run_id, DIGEST, wanted)
    upload(store, run.info.run_id, record_files(record), "")
    end_run(store, run.info.run_id, "FINISHED")
    return set(curves)
