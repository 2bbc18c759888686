"""Compose the config of each cell of a grid, by Hydra's public interface.

Hydra reads and merges all pages again for each cell, 0.1 s each. Only words that choose from a
group (study=, dataset=, +experiment=) change which pages those are, so that Hydra composes once for
each combination of choices; plain key=value words are then applied to a copy, as Hydra applies
them. Where a word does anything else (+key, ~key, a package), Hydra composes each cell.
"""

import copy
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from depthgauge.config import Config
from depthgauge.errors import ConfigError
from depthgauge.planning.command import words_of
from depthgauge.planning.hydra_errors import refusals

ConfigStore.instance().store(name="schema", node=Config)

SWEEPER = {
    "_target_": "hydra_plugins.depthgauge_sweeper.GridSweeper",
    "max_batch_size": None,
    "params": None,
    "sweep": "unplanned",
    "plan": "",
}
"""The keys of Hydra's sweeper, and two that ours sets: the names of the sweep's folder in
.cells/sweeps, and of the file there with the plan."""

Plugins.instance()  # stores Hydra's own sweeper, whose place ours takes in this application alone
ConfigStore.instance().store(group="hydra/sweeper", name="basic", node=SWEEPER)


def if_prepared(names: Sequence[str]) -> str:
    """Return ",NAME" for each of these extra sets that the pipeline has prepared, for an axis."""
    from depthgauge.datasets.lists import prepared_extras  # numpy, which --cfg and TAB do without

    there = prepared_extras(Path.cwd())
    return "".join(f",{name}" for name in names if name in there)


def repeat(width: int, layers: int) -> list[int]:
    """Return the widths of equal layers: ${repeat:100,20} is 20 layers of 100."""
    return [width] * layers


OmegaConf.register_new_resolver("if_prepared", if_prepared, replace=True)
OmegaConf.register_new_resolver("repeat", repeat, replace=True)


def pages(group: str, words: Sequence[str]) -> list[str]:
    """Return the pages of a group in conf and in the folders of hydra.searchpath in `words`."""
    picks = [word for word in words if word.startswith("hydra.searchpath=")]
    conf = str(Path("conf").absolute())
    with refusals(), initialize_config_dir(conf, version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        return sorted(loader.get_group_options(group, ObjectType.CONFIG, "config", picks))


class Composer:
    """Composes cells of one sweep, each from the words of its job."""

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        """Take what Hydra hands to a sweeper: its loader, and the config before the grid."""
        self.loader = loader
        self.master = master
        self._bases: dict[tuple[str, ...], tuple[str | None, DictConfig]] = {}
        self._groups: dict[str, bool] = {}
        self._names: dict[str, str | None] = {}

    def compose(self, words: Sequence[str]) -> tuple[str | None, DictConfig]:
        """Return the study and the config of a cell, without what is Hydra's.

        Raises what Hydra raises.
        """
        parsed = [parsed_word(word) for word in words]
        if not all(self._chooses(word) or _is_plain(word) for word in parsed):
            return self._composed(words)
        choices = tuple(str(word.input_line) for word in parsed if self._chooses(word))
        if choices not in self._bases:
            self._bases[choices] = self._composed(choices)
        study, base = self._bases[choices]
        config = copy.deepcopy(base)
        try:
            for word in parsed:
                if not self._chooses(word):
                    OmegaConf.update(config, word.key_or_group, word.value(), merge=True)
        except OmegaConfBaseException:  # Hydra says it with the word
            return self._composed(words)
        return study, config

    def require_chosen_dataset(self, words: Sequence[str], config: DictConfig) -> None:
        """Raise ConfigError where a word chooses a data set, and the study's page names another.

        A study is merged after the data set, so its own name is the one that counts.
        """
        given = {word.key_or_group: word.value() for word in map(parsed_word, words)}
        chosen = given.get("dataset")
        if not isinstance(chosen, str) or "dataset.name" in given:
            return
        if chosen not in self._names:
            searched = [word for word in words_of(self.master, "hydra") if "searchpath" in word]
            page = self.loader.load_configuration(f"dataset/{chosen}", searched, RunMode.RUN)
            self._names[chosen] = page.dataset.get("name")
        name = self._names[chosen]
        if name not in (None, config.dataset.name):
            raise ConfigError(
                f"dataset={chosen} would change nothing: the study's page or an experiment sets"
                f" dataset.name={config.dataset.name}; write dataset.name={name}"
            )

    def _composed(self, words: Sequence[str]) -> tuple[str | None, DictConfig]:
        config = self.loader.load_sweep_config(self.master, list(words))
        study = config.hydra.runtime.choices.get("study")
        with open_dict(config):
            config.pop("hydra")
        return study, config

    def _chooses(self, word: Override) -> bool:
        """Return whether a word picks a page of a group."""
        return (
            not word.is_delete()
            and not isinstance(word.value(), dict)
            and self._is_group(word.key_or_group)
        )

    def _is_group(self, key: str) -> bool:
        if key not in self._groups:
            job = self.master.hydra.job
            hydra_words = words_of(self.master, "hydra")
            found = self.loader.get_group_options(key, None, job.config_name, hydra_words)
            self._groups[key] = bool(found)
        return self._groups[key]


def _is_plain(word: Override) -> bool:
    """Return whether a word sets a key that is there, key=value."""
    return not (
        word.is_add()
        or word.is_force_add()
        or word.is_delete()
        or word.package is not None
        or "/" in word.key_or_group
    )


@cache
def parsed_word(word: str) -> Override:
    """Return a word of a job as Hydra reads it."""
    return OverridesParser.create().parse_override(word)
