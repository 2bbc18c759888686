"""A planned grid: launch what is left of it, then assemble and track what every sweep trained."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from depthgauge.console.status_table import show_plan
from depthgauge.errors import ConfigError, DepthgaugeError
from depthgauge.execution.assemble import assemble, out_folder, require_a_rate
from depthgauge.execution.failure_causes import cause, watched_workers
from depthgauge.execution.mlflow_runs import sweep_folder, track_study, tracked_sweep, warn_once
from depthgauge.execution.planned_cells import trials, write_planned
from depthgauge.execution.worker import cell_file_of, is_done, planned_again, require_runnable
from depthgauge.files import write_text
from depthgauge.planning.command import current, folder_of, plans_a_grid, set_for_jobs
from depthgauge.planning.hydra_errors import refusals
from depthgauge.planning.plan import (
    Planned,
    axes_of_trials,
    planned_cells,
    require_one_study,
    with_short_names,
)
from depthgauge.planning.slurm import asked_of_slurm, job_name, require_slurm
from depthgauge.planning.summary import summary_of


def sweep(
    config: DictConfig, context: HydraContext, task: TaskFunction, words: Sequence[str]
) -> list[JobReturn]:
    """Plan the grid, skip what is done, and let the launcher that `config` names train the rest."""
    require_runnable(config)
    planned = planned_cells(config, context.config_loader, words)
    study = planned[0].study
    out_folder(planned[0].config)  # an error now, not after hours
    if current().dry_run:
        show_plan(summary_of(study, planned))
        return []
    runs = sweep_folder(study, planned)
    left = [each for each in planned if not is_done(each)]
    set_for_jobs(config, "sweeper.sweep", runs.name)
    _require_free_queue(config, study, runs, left)
    for sentence in _left_out(study, planned, words):
        print(sentence)
    folder = folder_of(config)
    write_text(folder / "multirun.yaml", OmegaConf.to_yaml(config))
    notes = [replace(cell_file_of(each), runs=runs) for each in left]
    set_for_jobs(config, "sweeper.plan", write_planned(folder, notes))
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


def carry_out(
    study: str,
    planned: Sequence[Planned],
    launch: Callable[[], None],
    config: DictConfig,
    already: int,
) -> None:
    """Launch the cells, then assemble and track them; DepthgaugeError if one did not finish."""
    with tracked_sweep(study, planned) as warned:
        with watched_workers() as endings:
            launch()
        failed = [each for each in planned if not is_done(each)]
        if failed:
            logs = "" if asked_of_slurm(config) is None else str(folder_of(config) / "slurm")
            reasons = [f"{each.label}: {cause(each.cell.blocks, endings, logs)}" for each in failed]
            raise DepthgaugeError(_failures(reasons, len(planned)))
        records = assemble(study, planned)
        if planned[0].config.tracking:
            with warn_once(warned):
                track_study(study, records)
        require_a_rate(records)
    cells = f"{len(planned)} cell{'s' * (len(planned) != 1)}"
    print(f"{study}: {cells} done ({already} already finished)")


def finish_trials(config: DictConfig) -> None:
    """Assemble and track what was trained without a plan: a single run, or a search's trials."""
    if plans_a_grid(config):
        return
    notes = trials(config)
    if not notes:
        raise ConfigError(f"{folder_of(config)}: no cell was trained; is the grid empty?")
    require_one_study({note.study for note in notes})
    axes = axes_of_trials([note.words for note in notes], [note.config for note in notes])
    planned = with_short_names(
        planned_again(position, note, varied)
        for position, (note, varied) in enumerate(zip(notes, axes, strict=True))
    )
    out_folder(planned[0].config)
    carry_out(planned[0].study, planned, lambda: None, config, already=0)


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
        f"{study}: {name} is left out because it was not fetched; to train it too, run"
        f" `depthgauge fetch dataset={name}`, then `dvc repro`"
        for name in wanted
        if name not in trained
    ]


def _failures(reasons: Sequence[str], total: int) -> str:
    return (
        f"{len(reasons)} of {total} cells did not finish ({'; '.join(reasons)});"
        " finished cells are kept: repeat the command to continue"
    )
