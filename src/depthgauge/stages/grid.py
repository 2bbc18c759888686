"""A study's grid by way of Hydra: its cells composed here, its jobs handed to a launcher."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from typing import Any

from hydra import version
from hydra._internal.callbacks import Callbacks
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.hydra import Hydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.errors import CompactHydraException
from hydra.experimental.callback import Callback
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from depthgauge.errors import ResourceError
from depthgauge.stages.blocks import CELLS
from depthgauge.stages.composition import loader_of
from depthgauge.stages.refusals import refusal

JOB = "train"
"""What Hydra and a batch system call a job."""

Batches = list[list[list[str]]]
"""Jobs that are launched together, each its words."""


def compositions(words: Sequence[str]) -> list[tuple[list[str], DictConfig]]:
    """Return each cell of the grid that `words` describe: its own words, and its config.

    In the order of Hydra's sweep. Raises ConfigError for what Hydra refuses.
    """
    with _refusals(OverflowError, ValueError):  # OmegaConf lets Python's own errors through
        hydra, study = _study(words)
        loader = hydra.config_loader
        jobs = chain.from_iterable(_batches(hydra, study))
        return [(job, _own(loader.load_sweep_config(study, job))) for job in jobs]


def launch(
    words: Sequence[str], task: Callable[[DictConfig], Any], positions: Collection[int]
) -> None:
    """Let the launcher that `words` name run `task` for the grid's cells at these positions.

    Raises ConfigError for what Hydra refuses, ResourceError where its notes cannot be written.
    """
    with _refusals(), writing():
        hydra, study = _study(words)
        callbacks = Callbacks(study)
        callbacks.callbacks.append(Forgetful())
        context = HydraContext(config_loader=hydra.config_loader, callbacks=callbacks)
        callbacks.on_multirun_start(config=study, config_name=study.hydra.job.config_name)
        launcher = Plugins.instance().instantiate_launcher(
            hydra_context=context, task_function=task, config=study
        )
        _note(study)
        begun, place = 0, count()
        for batch in _batches(hydra, study):
            left = [job for job in batch if next(place) in positions]
            if left:
                for done in launcher.launch(left, initial_job_idx=begun):
                    _ = done.return_value  # raises what the job raised
            begun += len(left)
        callbacks.on_multirun_end(config=study, config_name=study.hydra.job.config_name)


class Forgetful(Callback):
    """Lets a finished job's configs go: a launcher keeps what jobs return until all are done."""

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **_: Any) -> None:
        """Keep the words, the state and the value of the job."""
        job_return.cfg = job_return.hydra_cfg = None


def _study(words: Sequence[str]) -> tuple[Hydra, DictConfig]:
    """Return Hydra, and what it composes before the grid is spread out."""
    version.setbase("1.3")
    hydra = Hydra(task_name=JOB, config_loader=loader_of(Path.cwd() / "conf"))
    return hydra, hydra.compose_config("config", list(words), RunMode.MULTIRUN)


def _batches(hydra: Hydra, study: DictConfig) -> Batches:
    """Spread the grid as Hydra's own sweeper does: the page's axes, then the command line's."""
    sweeper = study.hydra.sweeper
    axes = [f"{key}={value}" for key, value in (sweeper.params or {}).items()]
    parser = OverridesParser.create(config_loader=hydra.config_loader)
    parsed = parser.parse_overrides([*axes, *study.hydra.overrides.task])
    return BasicSweeper.split_arguments(parsed, sweeper.max_batch_size)


def _own(config: DictConfig) -> DictConfig:
    """Return a cell's config without what is Hydra's."""
    with open_dict(config):
        config.pop("hydra")
    return config


def _note(study: DictConfig) -> None:
    """Leave what is swept in the sweep's folder, as Hydra does."""
    folder = Path(study.hydra.sweep.dir)
    folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(study, folder / "multirun.yaml")


@contextmanager
def _refusals(*also: type[Exception]) -> Iterator[None]:
    try:
        yield
    except (CompactHydraException, OmegaConfBaseException, *also) as error:
        raise refusal(error) from None


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
