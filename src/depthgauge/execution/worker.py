"""Hydra's task, in whatever process its launcher starts: finish every block of one cell."""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from depthgauge.console.status_table import show_plan
from depthgauge.datasets.prepared import Prepared
from depthgauge.errors import ConfigError, DepthgaugeError, ResourceError
from depthgauge.execution.mlflow_runs import sweep_folder, tracked_cell
from depthgauge.execution.objective import objective_of, require_objective
from depthgauge.execution.planned_cells import CellFile, read_planned, write_trial
from depthgauge.files import write_text
from depthgauge.planning.command import plans_a_grid, search_config_folders, words_of
from depthgauge.planning.plan import Planned, checked, planned_cell, prepared_data
from depthgauge.planning.slurm import OUT_OF_TIME, asked_of_slurm, gave_up
from depthgauge.planning.study_file import WHICH
from depthgauge.planning.summary import summary_of
from depthgauge.provenance.block import write_origin
from depthgauge.signals import Terminated, end_with_parent
from depthgauge.store.state import CELLS
from depthgauge.training.block import Block, Watch
from depthgauge.training.cell import Cell, build_cell, compute_block, finished
from depthgauge.training.device import available_device


def train_cell(composed: DictConfig) -> float | None:
    """Train the cell that was planned for this job, or the one composed if nothing was planned.

    A failure is written to the block's folder and does not stop the other cells. Returns the value
    of `objective` if the config names one, which a sweeper may search by.
    """
    end_with_parent()
    hydra_config = job_config()
    search_config_folders(hydra_config)
    if plans_a_grid(hydra_config):
        note = read_planned(hydra_config)
        planned = planned_again(0, note)
    else:
        planned = _trial(composed, hydra_config)
        note = cell_file_of(planned)
        write_trial(hydra_config, note)
    available_device(planned.config.device)  # may be another machine than planned on
    _train(planned, note.runs)
    return objective_of(planned, hydra_config)


def job_config() -> DictConfig:
    """Return the config of the job in progress whose part `hydra` is Hydra's."""
    config: Any = HydraConfig.instance().cfg
    return config


def dry_run(composed: DictConfig) -> None:
    """Show the plan of a single run; raise ConfigError where none can be made."""
    hydra_config = job_config()
    search_config_folders(hydra_config)
    if hydra_config.hydra.mode != RunMode.RUN:
        raise ConfigError(
            f"--dry-run: {hydra_config.hydra.sweeper._target_} chooses its cells while it runs, so"
            " nothing can be planned; leave hydra/sweeper or --dry-run out"
        )
    planned = _trial(composed, hydra_config)
    show_plan(summary_of(planned.study, [planned]))


def cell_file_of(planned: Planned) -> CellFile:
    """Return what a process needs to train the cell."""
    runs = sweep_folder(planned.study, [planned])
    return CellFile(planned.study, planned.words, planned.config, keys_of(planned.cell), runs)


def keys_of(cell: Cell) -> tuple[str, ...]:
    """Return the keys of a cell's blocks."""
    return tuple(block.key for block in cell.blocks)


def planned_again(position: int, note: CellFile, axes: Mapping[str, Any] | None = None) -> Planned:
    """Return the cell of a note, in a process that did not plan it.

    Raises ConfigError where the same config is another cell by now.
    """
    data = prepared_data(note.config.dataset.name)
    cell = build_cell(note.config, data.hash, note.config.device.value)
    if keys_of(cell) != note.keys:
        raise ConfigError(
            f"{' '.join(note.words)}: code or data changed after the cells were planned; repeat"
            " the command to plan again"
        )
    return Planned(position, dict(axes or {}), note.config, data, cell, note.study, note.words)


def require_runnable(config: DictConfig) -> None:
    """Raise ConfigError for settings of Hydra's that no cell can be trained with."""
    if config.hydra.job.chdir:
        raise ConfigError(
            "hydra.job.chdir=true is not supported: cells and data are found relative to the"
            " project's root; leave it out, and set hydra.sweep.dir for Hydra's own files"
        )
    launcher = config.hydra.launcher
    if "n_jobs" in launcher and launcher.n_jobs == 0:
        raise ConfigError(
            "hydra.launcher.n_jobs=0 leaves no process to train in; give a number, or -1 for one"
            " on each core"
        )
    batch = config.hydra.sweeper.get("max_batch_size")
    if batch is not None and batch < 1:
        raise ConfigError(f"hydra.sweeper.max_batch_size={batch}: give a number of at least 1")


def _trial(composed: DictConfig, hydra_config: DictConfig) -> Planned:
    """Plan a cell that some sweeper proposes, or a single run."""
    require_runnable(hydra_config)
    hydra = hydra_config.hydra
    require_objective(hydra_config, composed)
    study = hydra.runtime.choices.get("study")
    if study is None:
        raise ConfigError(WHICH)
    asked = asked_of_slurm(hydra_config)
    words = words_of(hydra_config)
    return planned_cell(0, study, words, [], checked(composed), asked)


def _train(planned: Planned, runs: Path) -> None:
    device, cell = planned.config.device.value, planned.cell
    folder = job_config().hydra.runtime.output_dir
    with tracked_cell(runs, cell.key, cell.blocks) as live:
        for block in cell.blocks:

            def watch(block: Block, steps: Mapping[str, Sequence[int]]) -> list[Any]:
                # Lightning takes seconds to import, and some procedures do without
                from depthgauge.execution.own_callbacks import own_callbacks
                from depthgauge.training.progress import ProgressBar

                bar = ProgressBar(f"{planned.study} {planned.config.hidden}", block)
                own = own_callbacks(planned.config, folder)
                return [bar, *live(block, steps), *own]

            with environment_kept():
                finish(block, partial(_compute, block, planned.data, device, watch))


@contextmanager
def environment_kept() -> Iterator[None]:
    """Restore the environment: MLFlowLogger sets MLFLOW_TRACKING_URI for the whole process."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before:
            del os.environ[name]
        os.environ.update(before)


def is_done(planned: Planned) -> bool:
    """Return whether every block of a cell has its record."""
    return all(finished(CELLS, block) for block in planned.cell.blocks)


def _compute(block: Block, data: Prepared, device: str, watch: Watch) -> None:
    write_origin(CELLS / block.key, device)
    compute_block(block, data, device, CELLS, watch)


def finish(block: Block, compute: Callable[[], None]) -> None:
    """Compute a block; an error is written to its folder."""
    error_file = CELLS / block.key / "error.txt"
    error_file.unlink(missing_ok=True)
    try:
        compute()
    except DepthgaugeError as error:
        _note(error_file, str(error))
    except OSError as error:
        reason = f"{error.strerror or error}; free some space or make it writable"
        _note(error_file, f"cannot write in {error_file.parent}: {reason}")
    except Exception as error:  # unexpected: go on with the other cells
        if gave_up(error):
            _note(error_file, OUT_OF_TIME)
            raise
        traceback.print_exc()
        _note(error_file, f"{type(error).__name__}: {error}")
    except SystemExit as stop:
        from pytorch_lightning.utilities.exceptions import SIGTERMException

        if isinstance(stop.__context__, KeyboardInterrupt):  # Lightning's way of passing it on
            raise KeyboardInterrupt from None
        if isinstance(stop, SIGTERMException):  # the same, where no handler of ours was
            raise Terminated(128 + signal.SIGTERM) from None
        raise


def _note(path: Path, sentence: str) -> None:
    print(f"depthgauge: {sentence}", file=sys.stderr)
    with suppress(ResourceError):  # the disk that stopped the block may be too full for a note
        write_text(path, sentence + "\n")
