"""From the command line to checked configs: Hydra composes, and stops here."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from depthgauge.config import Config, plain, sized
from depthgauge.datasets.prepared import Prepared, identity
from depthgauge.errors import ConfigError, DepthgaugeError
from depthgauge.stages.grid import compositions
from depthgauge.stages.slurm import Asked, asked_of_slurm, device_of
from depthgauge.training.cell import Cell, build_cell
from depthgauge.training.device import require_precision
from depthgauge.training.limits import check
from depthgauge.training.settings import require_settings_read

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
            "config": plain(self.cell.experiment),
            "notebook": self.config.notebook,
            "cell": self.cell.key,
            "keys": [block.key for block in self.cell.blocks],
            "data": identity(self.data),
            "published_steps": self.config.notebook.get("published_steps"),
        }


def plan(overrides: Sequence[str], data: Callable[[str], Prepared]) -> list[Planned]:
    """Return the cells that `overrides` describe, in the order of the grid.

    Raises ConfigError for a key that is none, for a value that no cell can have, and for what Hydra
    refuses.
    """
    _require_yaml(Path("conf", "study", f"{study_of(overrides)}.yaml"))
    words = [word for word in overrides if not word.lstrip("+~").startswith(LAUNCHER)]
    fixed = {word.partition("=")[0].lstrip("+") for word in overrides if "," not in word}
    asked = asked_of_slurm(overrides)
    return [
        _planned(position, task, checked(config), fixed, data, asked)
        for position, (task, config) in enumerate(compositions(words))
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
    task: list[str],
    config: Config,
    fixed: set[str],
    data: Callable[[str], Prepared],
    asked: Asked | None,
) -> Planned:
    axes = _axes(task, fixed, config)
    require_settings_read(config, axes)
    device = device_of(config.device, asked)
    require_precision(config.precision, device)
    prepared = data(config.dataset.name)
    config = sized(config, len(prepared.train.labels))
    check(config, prepared)
    cell = build_cell(config, prepared.hash, device)
    return Planned(position, axes, config, prepared, cell)


def checked(config: DictConfig) -> Config:
    """Turn a composed config into the dataclass that everything else sees."""
    unknown = set(config) - {each.name for each in fields(Config)}
    if unknown:
        names = ", ".join(map(str, unknown))
        raise ConfigError(f"{names} is no key of a study; src/depthgauge/config explains each")
    try:
        _require_sections(config)
        made = OmegaConf.to_object(config)
        assert isinstance(made, Config)
        return made
    except (OmegaConfBaseException, OverflowError) as error:  # a whole number beyond floats
        raise _explained(error, config) from None


def _require_sections(config: DictConfig) -> None:
    """Raise ConfigError where an interpolation, as in evaluation=${hidden}, puts something else."""
    usual = Config()
    for name in (each.name for each in fields(usual)):
        kind = type(getattr(usual, name))
        if is_dataclass(kind) and OmegaConf.get_type(config[name]) is not kind:
            raise ConfigError(
                f"{name}={config[name]} will not do: it is a section of keys, as in src/depthgauge/"
                "config; set these one by one"
            )


def _explained(error: Exception, config: DictConfig) -> DepthgaugeError:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, DepthgaugeError):
        return cause
    scales = list(config.at)
    if scales and config.scale not in scales:  # a page without `at` is the same at each
        return ConfigError(f"scale={config.scale} is unknown; choose one of {', '.join(scales)}")
    reason = " ".join(str(error).split())
    return ConfigError(f"{reason}; correct that key on the command line or in conf/study")


def _axes(task: list[str], fixed: set[str], config: Config) -> dict[str, Any]:
    """What the sweep varies, with its value here; a data set goes by its name."""
    names = [word.partition("=")[0].lstrip("+") for word in task]
    return {name: _value(config, name) for name in names if name not in fixed and name != "study"}


def _value(config: Config, name: str) -> Any:
    """Return the value of a dotted key, as JSON can hold it."""
    value: Any = config
    for key in name.split("."):
        value = getattr(value, key) if is_dataclass(value) else value[key]
    value = plain(value)
    return value["name"] if isinstance(value, dict) and "name" in value else value
