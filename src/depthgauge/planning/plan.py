"""From the command line to checked cells: Hydra composes, and stops here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from depthgauge.config import Config, Device, plain, sized
from depthgauge.datasets.imported import imported
from depthgauge.datasets.prepared import Prepared, identity, load
from depthgauge.errors import ConfigError, DepthgaugeError
from depthgauge.planning.command import search_config_folders, words_of
from depthgauge.planning.compose import Composer, parsed_word
from depthgauge.planning.grid import Grid
from depthgauge.planning.hydra_errors import refusals, unknown_setting
from depthgauge.planning.models import offer_models
from depthgauge.planning.protocol import require_protocol_read
from depthgauge.planning.slurm import Asked, asked_of_slurm, device_of
from depthgauge.planning.study_file import WHICH, study_of
from depthgauge.planning.trainer_additions import require_watching
from depthgauge.training.cell import Cell, build_cell
from depthgauge.training.device import require_precision
from depthgauge.training.keys import user_paths
from depthgauge.training.limits import check
from depthgauge.training.settings import require_settings_read
from depthgauge.user_code.lookup import is_path
from depthgauge.user_code.names import short_names

MOST_VALUES = 100_000
"""Of a composed page; an interpolation may stand for a list of interpolations, and so on."""

JOB = "train"
"""What Hydra and a batch system call a job."""


@dataclass(frozen=True)
class Planned:
    """One cell of the grid: what it varies, its checked config, its blocks."""

    position: int
    axes: dict[str, Any]
    config: Config
    data: Prepared
    cell: Cell
    study: str
    words: tuple[str, ...]
    """Of its job, as a launcher hands them on."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Import path -> its last part, as the label shows it."""

    @property
    def label(self) -> str:
        """What sets this cell apart, as in hidden=[30, 30]."""
        shown = {name: self.names.get(str(value), value) for name, value in self.axes.items()}
        return ", ".join(f"{name}={value}" for name, value in shown.items()) or "one cell"

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


@cache
def prepared_data(name: str) -> Prepared:
    """Return a prepared data set of this project, or a user's own, read once a process."""
    return imported(name) if is_path(name) else load(Path.cwd(), name)


def plan(overrides: Sequence[str]) -> list[Planned]:
    """Return the cells that `overrides` describe, in the order of the grid.

    Raises ConfigError for a key that is none, for a value that no cell can have, and for what Hydra
    refuses.
    """
    study_of(overrides)
    offer_models(None)
    conf = str(Path("conf").absolute())
    composing = initialize_config_dir(conf, job_name=JOB, version_base="1.3")
    with refusals(OverflowError, ValueError), composing:
        loader = GlobalHydra.instance().config_loader()
        master = loader.load_configuration("config", list(overrides), RunMode.MULTIRUN)
    return planned_cells(master, loader, words_of(master))


def planned_cells(master: DictConfig, loader: ConfigLoader, words: Sequence[str]) -> list[Planned]:
    """Return the cells of the grid that `master` and the task's `words` describe.

    Raises as `plan` does.
    """
    search_config_folders(master)
    with refusals(OverflowError, ValueError):  # OmegaConf lets Python's own errors through
        asked = asked_of_slurm(master)
        offer_models(master)
        require_protocol_read(master, loader, [*words, *words_of(master, "hydra")])
        grid = Grid(loader, master, words)
    composer = Composer(loader, master)
    planned, studies = [], set()
    for position, job in enumerate(grid.jobs()):  # a composed config is large: one at a time
        with refusals(OverflowError, ValueError):
            study, config = composer.compose(job)
            composer.require_chosen_dataset(job, config)
        studies.add(study)
        require_one_study(studies)
        cell = planned_cell(position, str(study), job, grid.axes, checked(config), asked)
        planned.append(cell)
    return with_short_names(planned)


def has_user_code(planned: Planned) -> bool:
    """Return whether a cell's numbers come from functions of a user's own, or its data do."""
    return bool(user_paths(planned.cell.experiment)) or is_path(planned.data.name)


def with_short_names(planned: Iterable[Planned]) -> list[Planned]:
    """Return cells whose labels show import paths by what sets them apart within the grid."""
    cells = list(planned)
    names = short_names(value for each in cells for value in each.axes.values())
    return [replace(each, names=names) for each in cells] if names else cells


def require_one_study(studies: set[str | None]) -> None:
    """Raise ConfigError where cells belong to several studies, or to none."""
    if len(studies) > 1:
        raise ConfigError(
            f"the grid has cells of {', '.join(sorted(map(str, studies)))}; each study has a grid"
            " of its own, so run them one after another"
        )
    if studies == {None}:
        raise ConfigError(WHICH)


def planned_cell(
    position: int,
    study: str,
    words: Sequence[str],
    axes: Sequence[str],
    config: Config,
    asked: Asked | None,
) -> Planned:
    """Check a composed cell, and cut it into blocks. `axes` name the words that vary."""
    varied = _axes(words, axes, config)
    require_settings_read(config, varied, {parsed_word(word).key_or_group for word in words})
    require_watching(config)
    device = device_of(config.device, asked, config.scale)
    require_precision(config.precision, device)
    prepared = prepared_data(config.dataset.name)
    config = replace(sized(config, len(prepared.train.labels)), device=Device(device))
    check(config, prepared)
    cell = build_cell(config, prepared.hash, device)
    return Planned(position, varied, config, prepared, cell, study, tuple(words))


def checked(config: DictConfig) -> Config:
    """Turn a composed config into the dataclass that everything else sees."""
    try:
        _require_few_values(config)
        _require_sections(config)
        made = OmegaConf.to_object(config)
        assert isinstance(made, Config)
        for key in _added(made):
            raise unknown_setting(key)
        return made
    except (OmegaConfBaseException, OverflowError) as error:  # a whole number beyond floats
        raise _explained(error, config) from None


def _added(settings: Any, above: str = "") -> Iterator[str]:
    """Yield what +key= and +section.key= added: OmegaConf makes it an attribute."""
    known = {each.name for each in fields(settings)}
    for name, value in vars(settings).items():
        if name not in known:
            yield above + name
        elif is_dataclass(value):
            yield from _added(value, f"{above}{name}.")


def _require_few_values(config: DictConfig) -> None:
    """Raise ConfigError where interpolations of interpolations multiply, before all are made."""
    count = 0
    left: list[DictConfig | ListConfig] = [config]
    while left:
        node = left.pop()
        inner = node.values() if isinstance(node, DictConfig) else node
        left.extend(each for each in inner if isinstance(each, DictConfig | ListConfig))
        count += len(node)
        if count > MOST_VALUES:
            raise ConfigError(
                f"the page's interpolations stand for more than {MOST_VALUES} values; does one"
                " refer to itself, or to a list that repeats others? correct it in conf/study"
            )


def _require_sections(config: DictConfig) -> None:
    """Raise ConfigError where an interpolation, as in evaluation=${hidden}, puts something else."""
    usual = Config()
    for name in (each.name for each in fields(usual)):
        kind = type(getattr(usual, name))
        if is_dataclass(kind) and OmegaConf.get_type(config[name]) is not kind:
            raise ConfigError(
                f"invalid {name}={config[name]}: it is a section of keys, as in src/depthgauge/"
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


def axes_of_trials(
    jobs: Sequence[Sequence[str]], configs: Sequence[Config]
) -> list[dict[str, Any]]:
    """Return what varies among jobs that no grid was planned for, with its value in each."""
    found: dict[str, set[str]] = {}
    for job in jobs:
        for word in map(parsed_word, job):
            found.setdefault(word.get_key_element(), set()).add(str(word.input_line))
    axes = [key for key, words in found.items() if len(words) > 1]
    return [_axes(job, axes, config) for job, config in zip(jobs, configs, strict=True)]


def _axes(words: Sequence[str], axes: Sequence[str], config: Config) -> dict[str, Any]:
    """What the sweep varies, with its value here; a data set goes by its name."""
    parsed = [parsed_word(word) for word in words]
    return {
        word.key_or_group: _value(config, word.key_or_group, word.value())
        for word in parsed
        if word.get_key_element() in axes
    }


def _value(config: Config, name: str, given: Any) -> Any:
    """Return the value of a dotted key, as JSON can hold it; `given`, where the config has none."""
    value: Any = config
    for key in name.split("."):
        if is_dataclass(value) and key in {each.name for each in fields(value)}:
            value = getattr(value, key)
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return given
    value = plain(value)
    return value["name"] if isinstance(value, dict) and "name" in value else value
