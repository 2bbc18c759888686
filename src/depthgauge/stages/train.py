"""Run a study: every cell of its grid, each over many seeds.

  depthgauge train study=nielsen_accuracy scale=smoke
  depthgauge train study=nielsen_accuracy hidden=[30],[30,30] seeds=4 scale=smoke
  depthgauge train study=nielsen_accuracy hydra/launcher=joblib    (every core: a cell each)
  depthgauge train study=glorot_error scale=paper hydra/launcher=slurm   (a cluster: a job each)

A study's page, conf/study/NAME.yaml, holds its question, grid and protocol at each scale. An axis
given here (key=a,b,c) replaces the page's own and keeps the others. What is finished is skipped, so
an interrupted command goes on where it was. Networks are computed and kept in blocks of
`cpu_replicas` (16): with more seeds, full blocks are kept and the last, partial one starts anew.
"""

import argparse
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from depthgauge.config import sized
from depthgauge.datasets.prepared import Prepared, load
from depthgauge.errors import DepthgaugeError, ResourceError
from depthgauge.files import write_text
from depthgauge.stages.assemble import assemble, out_folder
from depthgauge.stages.blocks import CELLS
from depthgauge.stages.causes import cause, watched_workers
from depthgauge.stages.diary import cell_diary, kept_diary, sweep_folder, told_once
from depthgauge.stages.divergence import require_a_rate
from depthgauge.stages.estimate import show_plan
from depthgauge.stages.grid import launch, writing
from depthgauge.stages.interruption import Terminated, end_with_parent
from depthgauge.stages.origin import leave_origin
from depthgauge.stages.outline import outline_of
from depthgauge.stages.plan import Planned, checked, plan, study_of
from depthgauge.stages.root import project_root
from depthgauge.stages.slurm import (
    OUT_OF_TIME,
    asked_of_slurm,
    for_jobs,
    gave_up,
    job_name,
    require_slurm,
)
from depthgauge.stages.track import track_study
from depthgauge.training.block import Block, Watch
from depthgauge.training.cell import Cell, build_cell, compute_block, finished
from depthgauge.training.device import available_device
from depthgauge.training.environment import require_neutral_environment

WORKER_REPLACED = "A worker stopped while some jobs were given to the executor"
"""How loky's warning begins."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `depthgauge train`."""
    parser.add_argument(
        "-m",
        "--multirun",
        action="store_true",
        help="accepted for habit's sake: studies sweep anyway",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what is done, what is left, how long it takes"
    )


def run(arguments: argparse.Namespace) -> None:
    """Train what is not finished yet, then assemble and track it."""
    overrides = arguments.overrides
    study = study_of(overrides)
    os.chdir(project_root())
    require_neutral_environment()  # now, rather than once a cell
    planned = plan(overrides, prepared_data)
    out_folder(planned[0].config)  # refused now, not after hours
    if arguments.dry_run:
        show_plan(outline_of(study, planned))
        return
    folder = sweep_folder(study, planned)
    left = [each for each in planned if not _done(each.cell)]
    asked = asked_of_slurm(overrides)
    words = [*overrides, f"hydra.sweep.dir={folder}"]
    if asked is not None and left:
        require_slurm(asked, job_name(study, folder))
        words += for_jobs(asked, job_name(study, folder), planned[0].config.device)
    for sentence in _left_out(study, planned, overrides):
        print(sentence)
    with writing():
        folder.mkdir(parents=True, exist_ok=True)
    with kept_diary(study, planned) as told:
        with replaced_workers_are_no_news(), watched_workers() as endings:
            if left:
                launch(words, train_cell, {each.position for each in left})
        failed = [each for each in planned if not _done(each.cell)]
        if failed:
            logs = "" if asked is None else str(folder / "slurm")
            reasons = [f"{each.label}: {cause(each.cell.blocks, endings, logs)}" for each in failed]
            raise DepthgaugeError(_failures(reasons, len(planned)))
        records = assemble(study, planned)
        if planned[0].config.tracking:
            with told_once(told):
                track_study(study, records)
        require_a_rate(records)
    print(f"{study}: {len(planned)} cells done, {len(planned) - len(left)} of them already were")


@contextmanager
def replaced_workers_are_no_news() -> Iterator[None]:
    """Keep quiet about a worker of joblib that ended between two cells.

    loky replaces one that holds 300 MB more than after its first cell, which a second data set, or
    a library that only a later cell needs, may explain. The cells it finished are on the disk.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", WORKER_REPLACED)
        yield


def _left_out(study: str, planned: Sequence[Planned], overrides: Sequence[str]) -> list[str]:
    """Return, unless the command names its data sets, which of the page's are not here to train."""
    if any(word.lstrip("+").startswith("dataset") for word in overrides):
        return []
    wanted = planned[0].config.notebook.get("extra_sets", [])
    trained = {each.data.name for each in planned}
    return [
        f"{study}: {name} is left out, as it was not fetched; `depthgauge fetch dataset={name}`"
        " and a second `dvc repro` train it too"
        for name in wanted
        if name not in trained
    ]


@cache
def prepared_data(name: str) -> Prepared:
    """Return a prepared data set of this project, read once a process."""
    return load(Path.cwd(), name)


def train_cell(composed: DictConfig) -> None:
    """Hydra's task, in whatever process its launcher starts: finish every block of one cell.

    A failure is written beside the block and does not stop the other cells.
    """
    end_with_parent()
    config = checked(composed)
    data = prepared_data(config.dataset.name)
    config = sized(config, len(data.train.labels))
    device = available_device(config.device)
    cell = build_cell(config, data.hash, device)
    hydra_config = HydraConfig.get()
    study = hydra_config.runtime.choices["study"]
    with cell_diary(Path(hydra_config.sweep.dir), cell.key, cell.blocks) as live:
        for block in cell.blocks:

            def watch(block: Block, steps: Mapping[str, Sequence[int]]) -> list[Any]:
                # Lightning takes seconds to import, and some procedures do without
                from depthgauge.training.progress import ProgressBar

                bar = ProgressBar(f"{study} {config.hidden}", block)
                return [bar, *live(block, steps)]

            _finish(block, partial(_compute, block, data, device, watch))


def _compute(block: Block, data: Prepared, device: str, watch: Watch) -> None:
    leave_origin(CELLS / block.key, device)
    compute_block(block, data, device, CELLS, watch)


def _finish(block: Block, compute: Callable[[], None]) -> None:
    """Compute a block; what goes wrong is written beside it."""
    trouble = CELLS / block.key / "error.txt"
    trouble.unlink(missing_ok=True)
    try:
        compute()
    except DepthgaugeError as error:
        _note(trouble, str(error))
    except OSError as error:
        _note(trouble, f"cannot write in {trouble.parent}: {error.strerror or error}; mend that")
    except Exception as error:  # unforeseen: the other cells still deserve their turn
        if gave_up(error):
            _note(trouble, OUT_OF_TIME)
            raise
        traceback.print_exc()
        _note(trouble, f"{type(error).__name__}: {error}")
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


def _done(cell: Cell) -> bool:
    return all(finished(CELLS, block) for block in cell.blocks)


def _failures(reasons: Sequence[str], total: int) -> str:
    return (
        f"{len(reasons)} of {total} cells did not finish ({'; '.join(reasons)});"
        " what is finished is kept: repeat the command to go on"
    )
