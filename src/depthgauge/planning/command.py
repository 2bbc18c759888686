"""The state of one `depthgauge train` command, which Hydra does not pass to its callbacks."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

from depthgauge.user_code.search_path import search_in

GRID_SWEEPER = "hydra_plugins.depthgauge_sweeper.GridSweeper"


@dataclass
class Command:
    """The command in progress in this process."""

    dry_run: bool = False
    config: DictConfig | None = None
    """What Hydra composed before the grid is spread out; None while it has not."""


_current: ContextVar[Command | None] = ContextVar("command", default=None)


@contextmanager
def command(dry_run: bool) -> Iterator[Command]:
    """Make a command the current one of this process."""
    token = _current.set(Command(dry_run))
    try:
        yield current()
    finally:
        _current.reset(token)


def current() -> Command:
    """Return the command in progress; in a launcher's process, an empty one."""
    return _current.get() or Command()


def plans_a_grid(config: DictConfig) -> bool:
    """Return whether our own sweeper runs this config, which plans all cells beforehand."""
    return config.hydra.mode == RunMode.MULTIRUN and config.hydra.sweeper._target_ == GRID_SWEEPER


def folder_of(config: DictConfig) -> Path:
    """Return the folder of a sweep, or of a single run."""
    hydra = config.hydra
    return Path(hydra.sweep.dir if hydra.mode == RunMode.MULTIRUN else hydra.run.dir)


def set_for_jobs(config: DictConfig, key: str, value: str) -> None:
    """Set a key of Hydra's here and in every job: launchers compose from these words."""
    with open_dict(config):
        OmegaConf.update(config.hydra, key, value)
        config.hydra.overrides.hydra.append(f"hydra.{key}='{value}'")


def words_of(config: DictConfig, kind: str = "task") -> list[str]:
    """Return the words of the task, or of `hydra`, as given: an interpolation stays as it is."""
    words: Any = OmegaConf.to_container(config.hydra.overrides[kind], resolve=False)
    return words


def search_config_folders(config: DictConfig) -> None:
    """Let modules be imported from the folders of hydra.searchpath and --config-dir.

    The project's root comes first, where processes are started.
    """
    sources = [each.path for each in config.hydra.runtime.config_sources if each.schema == "file"]
    search_in([Path.cwd(), *(Path(path).absolute() for path in sources)])
