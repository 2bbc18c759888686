"""MLflow tracking of a sweep, live and afterwards; a failure here never stops training."""

import json
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from depthgauge.errors import DepthgaugeError, TrackingError
from depthgauge.execution.run_parameters import planned_sweep, recorded_sweep
from depthgauge.files import write_text
from depthgauge.planning.plan import Planned
from depthgauge.planning.slurm import was_requeued
from depthgauge.signals import Terminated
from depthgauge.store.state import CELLS, State, inspect
from depthgauge.tracking.buffer import LiveMetrics
from depthgauge.tracking.curves import by_rate, points, thin
from depthgauge.tracking.import_records import is_tracked, track
from depthgauge.tracking.runs import Ending, Runs, end_run, postpone_run, start_run, start_sweep
from depthgauge.tracking.store import Store, open_store
from depthgauge.tracking.sweep import Sweep
from depthgauge.training.block import Block
from depthgauge.untrusted import lookups_in

if TYPE_CHECKING:
    from depthgauge.training.live import Live

RUNS = "runs.json"
"""In the sweep's folder: the MLflow runs of each cell, for the processes that train them; and the
only machine that may write there, as SQLite's file cannot be shared by several."""


def sweep_folder(study: str, planned: Sequence[Planned]) -> Path:
    """Return the folder of a sweep; the same cells and seeds have the same one."""
    return CELLS / "sweeps" / planned_sweep(study, planned).key[:32]


@contextmanager
def tracked_sweep(study: str, planned: Sequence[Planned]) -> Iterator[set[str]]:
    """Open the sweep's runs; whatever ends the sweep early is written on its parent run.

    Yield the warnings printed so far, for `warn_once`.
    """
    folder = sweep_folder(study, planned)
    warned: set[str] = set()
    (folder / RUNS).unlink(missing_ok=True)
    opened: tuple[Store, Runs] | None = None
    if planned[0].config.tracking:
        with warn_once(warned):
            store = open_store(Path.cwd())
            cells = planned_sweep(study, planned)
            opened = store, start_sweep(store, cells)
            write_text(folder / RUNS, json.dumps(_runs_file(store, cells, opened[1])) + "\n")
    try:
        yield warned
    except BaseException as error:
        if opened is not None:
            with warn_once(warned):
                end_run(opened[0], opened[1].parent, _ending(error))
                if isinstance(error, DepthgaugeError):
                    _end_unfinished(*opened, planned_sweep(study, planned))
        raise


def _runs_file(store: Store, sweep: Sweep, runs: Runs) -> dict[str, Any]:
    """Return what RUNS holds: the run of each grid point and learning rate."""
    children: dict[str, dict[str, str]] = {}
    for cell in sweep.cells:
        rates = children.setdefault(cell.key, {})
        rates[repr(cell.learning_rate)] = runs.children[cell.run_key]
    return {"host": socket.gethostname() if store.is_file else None, "children": children}


def _end_unfinished(store: Store, runs: Runs, sweep: Sweep) -> None:
    """Set how each unfinished cell ended: a process that was killed cannot."""
    for cell in sweep.cells:
        states = {inspect(CELLS / block).state for block in cell.blocks}
        if states != {State.done}:
            ending = "FAILED" if State.failed in states else "KILLED"
            end_run(store, runs.children[cell.run_key], ending)


@contextmanager
def tracked_cell(
    folder: Path, cell: str, blocks: Sequence[Block]
) -> Iterator[Callable[[Block, Mapping[str, Sequence[int]]], "list[Live]"]]:
    """Follow one cell, in the process that trains it; yield what makes its live callbacks."""
    run_ids = _runs_of(folder, cell)
    store: Store | None = None
    warned: set[str] = set()
    if run_ids and blocks[0].experiment.steps > 0:  # else nothing grows; the import is enough
        with warn_once(warned):
            store = open_store(Path.cwd())
            for run_id in run_ids.values():
                start_run(store, run_id)
    if store is None:
        yield lambda block, steps: []
        return
    live = {
        rate: LiveMetrics(store, run_id, lambda sentence: _warn(sentence, warned))
        for rate, run_id in run_ids.items()
    }
    from depthgauge.training.live import Live  # its import takes seconds

    try:
        # a part of a block has no curves; its points come with the whole record
        yield (
            lambda block, steps: (
                [Live(block, _publisher(live, blocks, block, steps))] if block in blocks else []
            )
        )
    except BaseException as error:
        with warn_once(warned):
            for run_id in run_ids.values():
                if was_requeued(error):
                    postpone_run(store, run_id)
                else:
                    end_run(store, run_id, _ending(error))
        raise
    finally:
        for each in live.values():
            each.flush()
    with warn_once(warned):
        for run_id in run_ids.values():
            end_run(store, run_id, _outcome(blocks))


def _outcome(blocks: Sequence[Block]) -> Ending:
    done = all(inspect(CELLS / block.key).state is State.done for block in blocks)
    return "FINISHED" if done else "FAILED"


def _ending(error: BaseException) -> Ending:
    """KILLED by a user or a batch system, else FAILED."""
    return "KILLED" if isinstance(error, KeyboardInterrupt | Terminated) else "FAILED"


@contextmanager
def warn_once(warned: set[str]) -> Iterator[None]:
    """Turn a TrackingError into one warning, which is not repeated: tracking stops no training."""
    try:
        yield
    except TrackingError as error:
        _warn(str(error), warned)


def _publisher(
    live: Mapping[float, LiveMetrics],
    blocks: Sequence[Block],
    block: Block,
    steps: Mapping[str, Sequence[int]],
) -> Callable[[xr.Dataset | None], None]:
    """Points go to the run of their learning rate, as they will be there in the end.

    Where only some of its seeds are in this block, as `seeds_0_to_4/cost_test`, and without those
    of single layers: no point can be taken back once all seeds are done.
    """
    shown = {axis: thin(np.array(each)) for axis, each in steps.items()}
    whole = {rate: sum(rate in each.rates for each in blocks) == 1 for rate in block.rates}
    part = f"seeds_{min(block.seeds)}_to_{max(block.seeds)}/"

    def publish(chunk: xr.Dataset | None) -> None:
        found = {} if chunk is None else by_rate(chunk)
        for rate, is_whole in whole.items():
            new = points(found[rate], shown) if rate in found else {}
            if not is_whole:
                new = {part + name: each for name, each in new.items() if "/" not in name}
            live[rate].add(new)

    return publish


def _runs_of(folder: Path, cell: str) -> dict[float, str]:
    """Return the run of each learning rate of a cell: none where this machine must not write."""
    path = folder / RUNS
    if not path.exists():
        return {}
    runs = _read_runs(path, path.stat().st_mtime_ns)
    if runs["host"] not in (None, socket.gethostname()):
        return {}
    return {float(rate): run_id for rate, run_id in runs["children"][cell].items()}


@lru_cache(maxsize=1)
def _read_runs(path: Path, _written: int) -> dict[str, Any]:
    """Read once a process what names every cell: thousands of cells would read it as often."""
    return json.loads(path.read_text())


def _warn(sentence: str, warned: set[str]) -> None:
    if sentence not in warned:
        print(f"depthgauge: {sentence}", file=sys.stderr)
    warned.add(sentence)


def track_study(study: str, records: list[xr.Dataset]) -> bool:
    """Import a study's records and figures: those of the report, and those that any study has.

    Return whether anything was new.
    """
    store, sweep = open_store(Path.cwd()), recorded_sweep(records)
    if is_tracked(store, sweep, records):
        return False
    from depthgauge.report.any_study import study_figures
    from depthgauge.report.figure import png, svg
    from depthgauge.report.figures import draw

    with lookups_in(f"a record of {study}"):
        drawn = draw({study: records})[0] | study_figures(records)
    files: dict[str, str | bytes] = {}
    for name, figure in drawn.items():
        files[f"{name}.svg"] = svg(figure)
        files[f"{name}.png"] = png(figure)
    track(store, sweep, records, files)
    return True
