"""A planned grid: launch what is left of it, then assemble and track what every sweep trained."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from depthgauge.errors import ConfigError, DepthgaugeError, ResourceError
from depthgauge.stages.assemble import assemble, out_folder
from depthgauge.stages.blocks import CELLS
from depthgauge.stages.command import current, folder_of, set_for_jobs
from depthgauge.stages.diary import kept_diary, sweep_folder, told_once
from depthgauge.stages.divergence import require_a_rate
from depthgauge.stages.estimate import show_plan
from depthgauge.stages.notes import leave_planned
from depthgauge.stages.outline import outline_of
from depthgauge.stages.plan import Planned, planned_cells
from depthgauge.stages.refusals import refusals
from depthgauge.stages.slurm import asked_of_slurm, gave_up, job_name, require_slurm
from depthgauge.stages.track import track_study
from depthgauge.stages.worker import is_done, note_of, prepared_data
from depthgauge.training.block import Block

WORKER_REPLACED = "A worker stopped while some jobs were given to the executor"
"""How loky's warning begins."""

KILLED = "its process was killed or never began, as when memory runs out"

KILLED_JOB = "its job was cancelled or killed, or never began; what it printed is in {}"


def sweep(
    config: DictConfig, context: HydraContext, task: TaskFunction, words: Sequence[str]
) -> list[JobReturn]:
    """Plan the grid, skip what is done, and let the launcher that `config` names train the rest."""
    require_runnable(config)
    planned = planned_cells(config, context.config_loader, words, prepared_data)
    study = planned[0].study
    out_folder(planned[0].config)  # refused now, not after hours
    if current().dry_run:
        show_plan(outline_of(study, planned))
        return []
    runs = sweep_folder(study, planned)
    left = [each for each in planned if not is_done(each)]
    set_for_jobs(config, "sweeper.sweep", runs.name)
    _require_free_queue(config, study, runs, left)
    for sentence in _left_out(study, planned, words):
        print(sentence)
    folder = folder_of(config)
    with writing():
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(config, folder / "multirun.yaml")
    notes = [replace(note_of(each), runs=runs) for each in left]
    set_for_jobs(config, "sweeper.plan", leave_planned(folder, notes))
    launcher = _launcher(config, context, task)
    returned: list[JobReturn] = []

    def launch() -> None:
        batch = config.hydra.sweeper.max_batch_size or max(len(left), 1)
        for start in range(0, len(left), batch):
            jobs = [list(each.words) for each in left[start : start + batch]]
            returned.extend(launcher.launch(jobs, initial_job_idx=start))
        for each in returned:
            _ = each.return_value  # raises what the job raised

    carry_out(study, planned, launch, config, already=len(planned) - len(left))
    return returned


def require_runnable(config: DictConfig) -> None:
    """Raise ConfigError for settings of Hydra's that no cell can be trained with."""
    if config.hydra.job.chdir:
        raise ConfigError(
            "hydra.job.chdir=true: cells and data are found from the project's root, so that a job"
            " stays there; leave it out, and set hydra.sweep.dir for Hydra's own files"
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


def carry_out(
    study: str,
    planned: Sequence[Planned],
    launch: Callable[[], None],
    config: DictConfig,
    already: int,
) -> None:
    """Launch the cells, then assemble and track them; DepthgaugeError if one did not finish."""
    with kept_diary(study, planned) as told:
        # a launcher's process that was killed is no end: what is left is told below
        with replaced_workers_are_no_news(), suppress(BrokenProcessPool):
            _despite_lost_jobs(launch)
        failed = [each for each in planned if not is_done(each)]
        if failed:
            slurm = asked_of_slurm(config) is not None
            killed = KILLED_JOB.format(folder_of(config) / "slurm") if slurm else KILLED
            raise DepthgaugeError(_failures(failed, len(planned), killed))
        records = assemble(study, planned)
        if planned[0].config.tracking:
            with told_once(told):
                track_study(study, records)
        require_a_rate(records)
    print(f"{study}: {len(planned)} cells done, {already} of them already were")


def _despite_lost_jobs(launch: Callable[[], None]) -> None:
    try:
        launch()
    except RuntimeError as error:
        if not gave_up(error):
            raise


@contextmanager
def replaced_workers_are_no_news() -> Iterator[None]:
    """Keep quiet about a worker of joblib that ended between two cells.

    loky replaces one that holds 300 MB more than after its first cell, which a second data set, or
    a library that only a later cell needs, may explain. The cells it finished are on the disk.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", WORKER_REPLACED)
        yield


@contextmanager
def writing() -> Iterator[None]:
    """Turn what the disk refuses into a ResourceError."""
    try:
        yield
    except OSError as error:
        raise ResourceError(
            f"cannot write below {CELLS.absolute()}: {error.strerror or error};"
            " free some space or make the folder writable, then repeat the command"
        ) from error


def _launcher(config: DictConfig, context: HydraContext, task: TaskFunction) -> Launcher:
    with refusals(RuntimeError, ImportError):  # a plugin that Hydra does not know
        return Plugins.instance().instantiate_launcher(
            hydra_context=context, task_function=task, config=config
        )


def _require_free_queue(
    config: DictConfig, study: str, runs: Path, left: Sequence[Planned]
) -> None:
    """On Slurm, check that it takes such jobs and has none of this sweep."""
    asked = asked_of_slurm(config)
    if asked is not None and left:
        name = job_name(study, runs)
        require_slurm(asked, name)
        config.hydra.launcher.name = name


def _left_out(study: str, planned: Sequence[Planned], words: Sequence[str]) -> list[str]:
    """Return, unless the command names its data sets, which of the page's are not here to train."""
    if any(word.lstrip("+").startswith("dataset") for word in words):
        return []
    wanted = planned[0].config.notebook.get("extra_sets", [])
    trained = {each.data.name for each in planned}
    return [
        f"{study}: {name} is left out, as it was not fetched; `depthgauge fetch dataset={name}`"
        " and a second `dvc repro` train it too"
        for name in wanted
        if name not in trained
    ]


def _failures(failed: Sequence[Planned], total: int, killed: str) -> str:
    reasons = [f"{each.label}: {_trouble(each.cell.blocks) or killed}" for each in failed]
    return (
        f"{len(failed)} of {total} cells did not finish ({'; '.join(reasons)});"
        " what is finished is kept: repeat the command to go on"
    )


def _trouble(blocks: Sequence[Block]) -> str:
    """Return what was written beside the first block that failed, if any."""
    for block in blocks:
        path = CELLS / block.key / "error.txt"
        if path.exists():
            return path.read_text(encoding="utf-8").strip()
    return ""
