"""Records and figures -> MLflow, as often as one likes: what is there is not written again."""

from collections.abc import Mapping, Sequence

import xarray as xr

from depthgauge.tracking.artifacts import record_files, upload
from depthgauge.tracking.curves import counts, points
from depthgauge.tracking.digest import SEAL, digest, seal, sealed
from depthgauge.tracking.process import bury_killed
from depthgauge.tracking.runs import Runs, adopt, end_run, renew
from depthgauge.tracking.store import Store, reported
from depthgauge.tracking.sweep import Cell, Sweep, sweep_of
from depthgauge.tracking.sync import agrees, lacking, read_history, write_points


@reported
def track(store: Store, records: Sequence[xr.Dataset], figures: Mapping[str, str | bytes]) -> Runs:
    """Bring the runs of the sweep that made `records` up to date with them, and return the runs.

    The runs that followed the training are found again, or made where there are none (after a
    `dvc pull`). Points that are there stay, missing ones are added, files are written over.
    `figures` (file name -> content) become artifacts of the parent. Raises TrackingError.
    """
    sweep = sweep_of([record.attrs for record in records])
    with store.lock():  # two that import at once would both miss the same points
        bury_killed(store)
        runs = adopt(store, sweep)
        for cell, record in zip(sweep.cells, records, strict=True):
            _track_cell(store, runs, sweep, cell, record)
        upload(store, runs.parent, figures, "figures")
        end_run(store, runs.parent, "FINISHED")
    return runs


def _track_cell(store: Store, runs: Runs, sweep: Sweep, cell: Cell, record: xr.Dataset) -> None:
    curves = points(record) | counts(record)
    run = store.client.get_run(runs.children[cell.key])
    held = sealed(run, curves)
    if held is None:
        held = read_history(store, run)
        if not agrees(held, curves):  # live means held a replica that diverged later on
            renew(store, runs, sweep, cell)
            held = {}
    run_id = runs.children[cell.key]
    new = lacking(curves, held)
    if new or run.data.tags.get(SEAL) != digest(curves):
        write_points(store, run_id, new)
        seal(store, run_id, curves)
    upload(store, run_id, record_files(record), "")
    end_run(store, run_id, "FINISHED")
