"""From the command line to checked configs: Hydra composes, and stops here."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import reduce
from pathlib import Path
from typing import Any

import hydra
import yaml
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.errors import CompactHydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from depthgauge.config import Config, plain, sized
from depthgauge.datasets.lists import prepared_extras
from depthgauge.datasets.prepared import Prepared
from depthgauge.errors import ConfigError, DepthgaugeError, ResourceError
from depthgauge.stages.blocks import CELLS
from depthgauge.stages.slurm import Asked, asked_of_slurm, device_of
from depthgauge.training.cell import Cell, build_cell
from depthgauge.training.procedures import procedure

ConfigStore.instance().store(name="schema", node=Config)


def if_prepared(names: Sequence[str]) -> str:
    """Return ",NAME" for each of these extra sets that the pipeline has prepared, for an axis."""
    there = prepared_extras(Path.cwd())
    return "".join(f",{name}" for name in names if name in there)


OmegaConf.register_new_resolver("if_prepared", if_prepared, replace=True)

LAUNCHER = ("hydra/launcher", "hydra.launcher", "hydra.sweep", "hydra/job_logging", "hydra/hydra_l")


def study_of(overrides: Sequence[str]) -> str:
    """Return the one study asked for.

    Raises ConfigError when none is, or several: each study brings a grid of its own, and Hydra
    would drop both grids without a word.
    """
    chosen = [word.partition("=")[2] for word in overrides if word.startswith("study=")]
    if not chosen:
        raise ConfigError("which study? add study=NAME; the pages are in conf/study")
    if len(chosen) > 1 or any(mark in chosen[0] for mark in ",*()[]"):
        raise ConfigError(
            f"study={','.join(chosen)} names more than one study; each has a grid of its own, so"
            " run them one after another"
        )
    if not re.fullmatch(r"[\w-]+", chosen[0]):  # it names folders, too
        raise ConfigError(
            f"study={chosen[0]!r} will not do: give the name of a page in conf/study, without .yaml"
        )
    return chosen[0]


@dataclass(frozen=True)
class Planned:
    """One cell of the grid: what it varies, its checked config, its blocks."""

    position: int
    axes: dict[str, Any]
    config: Config
    data: Prepared
    cell: Cell

    @property
    def label(self) -> str:
        """What sets this cell apart, as in hidden=[30, 30]."""
        return ", ".join(f"{name}={value}" for name, value in self.axes.items()) or "one cell"

    def attributes(self, study: str) -> dict[str, Any]:
        """Return what is known of the cell's record before it is there (docs/records.md)."""
        return {
            "study": study,
            "scale": self.config.scale,
            "label": self.label,
            "axes": self.axes,
            "position": self.position,
            "config": plain(self.config.experiment()),
            "notebook": self.config.notebook,
            "cell": self.cell.key,
            "keys": [block.key for block in self.cell.blocks],
            "data": {"name": self.data.name, "hash": self.data.hash},
            "published_steps": self.config.notebook.get("published_steps"),
        }


def plan(overrides: Sequence[str], data: Callable[[str], Prepared]) -> list[Planned]:
    """Return the cells that `overrides` describe, in the order of the grid.

    Hydra itself expands the grid, with a task that only collects. Raises ConfigError for a value
    that no cell can have; what Hydra refuses, it says itself, and exits.
    """
    _require_yaml(Path("conf", "study", f"{study_of(overrides)}.yaml"))
    found: list[tuple[list[str], DictConfig]] = []
    words = [word for word in overrides if not word.lstrip("+~").startswith(LAUNCHER)]
    quiet = ["hydra/job_logging=disabled", "hydra/hydra_logging=disabled"]
    sweep(
        [*words, "hydra/launcher=basic", *quiet, f"hydra.sweep.dir={CELLS / 'sweeps' / 'plan'}"],
        lambda config: found.append((list(HydraConfig.get().overrides.task), config.copy())),
    )
    fixed = {word.partition("=")[0].lstrip("+") for word in overrides if "," not in word}
    asked = asked_of_slurm(overrides)
    return [
        _planned(position, checked(config), _axes(task, fixed, config), data, asked)
        for position, (task, config) in enumerate(found)
    ]


def _require_yaml(page: Path) -> None:
    """Say where a page is no YAML, which Hydra would answer with a traceback."""
    try:
        yaml.safe_load(page.read_text(encoding="utf-8") if page.is_file() else "")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}," if mark else ""
        raise ConfigError(
            f"{page}{line} is no YAML ({error.problem}): mend it; a text with : ? or [ needs quotes"
        ) from None


def _planned(
    position: int,
    config: Config,
    axes: dict[str, Any],
    data: Callable[[str], Prepared],
    asked: Asked | None,
) -> Planned:
    device = device_of(config.device, asked)
    prepared = data(config.dataset.name)
    config = sized(config, len(prepared.train.labels))
    procedure(config.procedure).check(config, prepared)
    cell = build_cell(config, prepared.hash, device)
    return Planned(position, axes, config, prepared, cell)


def sweep(overrides: Sequence[str], task: Callable[[DictConfig], Any]) -> None:
    """Let Hydra run `task` over the grid that `overrides` describe; SystemExit if it refuses.

    Raises ResourceError where Hydra cannot write down what it does.
    """
    conf = str(Path.cwd() / "conf")
    try:
        with _command_line(overrides):
            hydra.main(version_base="1.3", config_path=conf, config_name="config")(task)()
    except CompactHydraException as error:  # Hydra's own words: key, value, options
        cause = error.__cause__
        told = [error, cause] if isinstance(cause, OmegaConfBaseException) else [error]
        print(*told, sep="\n", file=sys.stderr)
        raise SystemExit(1) from None
    except OSError as error:
        raise ResourceError(
            f"cannot write below {CELLS.absolute()}: {error.strerror or error};"
            " free some space or make the folder writable, then repeat the command"
        ) from error


def checked(config: DictConfig) -> Config:
    """Turn a composed config into the dataclass that everything else sees."""
    unknown = set(config) - {each.name for each in fields(Config)}
    if unknown:
        names = ", ".join(map(str, unknown))
        raise ConfigError(f"{names} is no key of a study; src/depthgauge/config explains each")
    try:
        made = OmegaConf.to_object(config)
        assert isinstance(made, Config)
        return made
    except OmegaConfBaseException as error:
        raise _explained(error, config) from None


def _explained(error: OmegaConfBaseException, config: DictConfig) -> DepthgaugeError:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, DepthgaugeError):
        return cause
    scales = list(config.at)
    if config.scale not in scales:
        return ConfigError(f"scale={config.scale} is unknown; choose one of {', '.join(scales)}")
    reason = " ".join(str(error).split())
    return ConfigError(f"{reason}; correct that key on the command line or in conf/study")


def _axes(task: list[str], fixed: set[str], config: DictConfig) -> dict[str, Any]:
    """What the sweep varies, with its value here; a data set goes by its name."""
    names = [word.partition("=")[0].lstrip("+") for word in task]
    values = OmegaConf.to_container(config, resolve=True)
    assert isinstance(values, dict)
    axes = {}
    for name in names:
        if name not in fixed and name != "study":
            value = reduce(lambda level, key: level[key], name.split("."), values)
            axes[name] = value["name"] if isinstance(value, dict) and "name" in value else value
    return axes


@contextmanager
def _command_line(overrides: Sequence[str]) -> Iterator[None]:
    """Hydra reads sys.argv: the overrides alone; it raises what it would show and exit upon."""
    before, frank = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = [before[0], *overrides]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv = before
        if frank is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = frank
