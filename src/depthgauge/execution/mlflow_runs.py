"""The sweep's diary in MLflow, live and afterwards. Without it everything else still works."""

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
from depthgauge.files import write_text
from depthgauge.planning.plan import Planned
from depthgauge.planning.slurm import was_requeued
from depthgauge.signals import Terminated
from depthgauge.store.state import CELLS, State, inspect
from depthgauge.tracking.buffer import LiveMetrics
from depthgauge.tracking.curves import points, thin
from depthgauge.tracking.import_records import track
from depthgauge.tracking.runs import (
    Ending,
    Runs,
    end_run,
    postpone_run,
    start_run,
    start_sweep,
)
from depthgauge.tracking.store import Store, open_store
from depthgauge.tracking.sweep import Sweep, sweep_of
from depthgauge.training.block import Block

if TYPE_CHECKING:
    from depthgauge.training.live import Live

RUNS = "runs.json"
"""In the sweep's folder: the MLflow run of each cell, for the processes that train them; and the
only machine that may write there, as SQLite's file cannot be shared by several."""


def sweep_folder(study: str, planned: Sequence[Planned]) -> Path:
    """Return the folder of a sweep; the same cells and seeds have the same one."""
    return CELLS / "sweeps" / _sweep(study, planned).key[:32]


@contextmanager
def tracked_sweep(study: str, planned: Sequence[Planned]) -> Iterator[set[str]]:
    """Open the sweep's runs; whatever ends the sweep early is written on its parent run.

    Yield what has been told of the diary's troubles so far, for `warn_once`.
    """
    folder = sweep_folder(study, planned)
    told: set[str] = set()
    (folder / RUNS).unlink(missing_ok=True)
    opened: tuple[Store, Runs] | None = None
    if planned[0].config.tracking:
        with warn_once(told):
            store = open_store(Path.cwd())
            opened = store, start_sweep(store, _sweep(study, planned))
            host = socket.gethostname() if store.is_file else None
            runs = {"host": host, "children": opened[1].children}
            write_text(folder / RUNS, json.dumps(runs) + "\n")
    try:
        yield told
    except BaseException as error:
        if opened is not None:
            with warn_once(told):
                end_run(opened[0], opened[1].parent, _ending(error))
                if isinstance(error, DepthgaugeError):
                    _end_unfinished(*opened, planned)
        raise


def _end_unfinished(store: Store, runs: Runs, planned: Sequence[Planned]) -> None:
    """Say of each cell that is not done how it ended: a process that is killed cannot."""
    for each in planned:
        states = {inspect(CELLS / block.key).state for block in each.cell.blocks}
        if states != {State.done}:
            ending = "FAILED" if State.failed in states else "KILLED"
            end_run(store, runs.children[each.cell.key], ending)


@contextmanager
def tracked_cell(
    folder: Path, cell: str, blocks: Sequence[Block]
) -> Iterator[Callable[[Block, Mapping[str, Sequence[int]]], "list[Live]"]]:
    """Follow one cell, in the process that trains it; yield what makes its live callbacks."""
    run_id = _run_of(folder, cell)
    if run_id is None or blocks[0].experiment.steps == 0:  # nothing grows; the import is enough
        yield lambda block, steps: []
        return
    store: Store | None = None
    told: set[str] = set()
    with warn_once(told):
        store = open_store(Path.cwd())
        start_run(store, run_id)
    if store is None:
        yield lambda block, steps: []
        return
    live = LiveMetrics(store, run_id, lambda sentence: _warn(sentence, told))
    from depthgauge.training.live import Live  # its import takes seconds

    try:
        # a part of a block has no curves of its own; its points come with the whole record
        yield (
            lambda block, steps: (
                [Live(block, _publisher(live, blocks, block, steps))] if block in blocks else []
            )
        )
    except BaseException as error:
        with warn_once(told):
            if was_requeued(error):
                postpone_run(store, run_id)
            else:
                end_run(store, run_id, _ending(error))
        raise
    finally:
        live.end()
    with warn_once(told):
        end_run(store, run_id, _outcome(blocks))


def _outcome(blocks: Sequence[Block]) -> Ending:
    done = all(inspect(CELLS / block.key).state is State.done for block in blocks)
    return "FINISHED" if done else "FAILED"


def _ending(error: BaseException) -> Ending:
    """KILLED by a person or a batch system, or FAILED of its own."""
    return "KILLED" if isinstance(error, KeyboardInterrupt | Terminated) else "FAILED"


@contextmanager
def warn_once(told: set[str]) -> Iterator[None]:
    """Turn a TrackingError into one warning: the diary must never stop the experiment.

    What was `told` before is not told again.
    """
    try:
        yield
    except TrackingError as error:
        _warn(str(error), told)


def _publisher(
    live: LiveMetrics,
    blocks: Sequence[Block],
    block: Block,
    steps: Mapping[str, Sequence[int]],
) -> Callable[[xr.Dataset | None], None]:
    """Points of a cell of one block go under their final names; else the block is named."""
    prefix = f"block_{blocks.index(block)}/" if len(blocks) > 1 else ""
    shown = {axis: thin(np.array(each)) for axis, each in steps.items()}
    return lambda chunk: live.add({} if chunk is None else points(chunk, shown, prefix))


def _run_of(folder: Path, cell: str) -> str | None:
    path = folder / RUNS
    if not path.exists():
        return None
    runs = _runs(path, path.stat().st_mtime_ns)
    return runs["children"][cell] if runs["host"] in (None, socket.gethostname()) else None


@lru_cache(maxsize=1)
def _runs(path: Path, _written: int) -> dict[str, Any]:
    """Read once a process what names every cell: thousands of cells would read it as often."""
    return json.loads(path.read_text())


def _sweep(study: str, planned: Sequence[Planned]) -> Sweep:
    return sweep_of([each.attributes(study) for each in planned])


def _warn(sentence: str, told: set[str]) -> None:
    if sentence not in told:
        print(f"depthgauge: {sentence}", file=sys.stderr)
    told.add(sentence)


def track_study(study: str, records: list[xr.Dataset]) -> None:
    """Import a study's records, then its figures, onto the same runs."""
    from depthgauge.report.figures import figures, png, svg

    drawn = figures({study: records})
    files: dict[str, str | bytes] = {}
    for name, figure in drawn.items():
        files[f"{name}.svg"] = svg(figure)
        files[f"{name}.png"] = png(figure)
    track(open_store(Path.cwd()), records, files)
