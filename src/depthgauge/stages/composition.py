"""Hydra's composition, once for all cells of a study that read the same pages.

Hydra reads and merges all files of conf/ again for each cell of a grid: 90 ms, twice or three times
a cell. Which files those are, only the words say that choose from a group (study=, dataset=) or
speak of Hydra itself. So what these words give is composed once, by Hydra, and kept until a page
changes; all other words are applied to a copy, by Hydra's own function and in its order. Whatever
goes wrong on that way is left to Hydra, which then says the same as ever.
"""

import copy
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra._internal.utils import create_config_search_path
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from depthgauge.config import Config
from depthgauge.datasets.lists import prepared_extras

ConfigStore.instance().store(name="schema", node=Config)


def if_prepared(names: Sequence[str]) -> str:
    """Return ",NAME" for each of these extra sets that the pipeline has prepared, for an axis."""
    there = prepared_extras(Path.cwd())
    return "".join(f",{name}" for name in names if name in there)


OmegaConf.register_new_resolver("if_prepared", if_prepared, replace=True)

SEARCH_PATH = "hydra.searchpath"
"""Words that change where pages are looked for are Hydra's alone."""


def loader_of(conf: Path) -> "Loader":
    """Return the loader of a folder of pages: the same one until one of them changes."""
    found = ((path, path.stat()) for path in sorted(conf.rglob("*.yaml")))
    return _loader(conf, tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in found))


@lru_cache(maxsize=1)
def _loader(conf: Path, _stamp: tuple[Any, ...]) -> "Loader":
    return Loader(conf)


class Loader(ConfigLoaderImpl):
    """Hydra's own loader, but for what it would do again for each cell."""

    def __init__(self, conf: Path) -> None:
        """Read pages from `conf`, an absolute path."""
        super().__init__(create_config_search_path(str(conf)))
        self.conf = conf
        self._known: dict[tuple[str | None, tuple[str, ...]], DictConfig] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process the loader that is there already serves all cells."""
        return loader_of, (self.conf,)

    def load_configuration(
        self,
        config_name: str | None,
        overrides: list[str],
        run_mode: RunMode,
        from_shell: bool = True,
        validate_sweep_overrides: bool = True,
    ) -> DictConfig:
        """Return what Hydra would; raise what Hydra raises."""
        try:
            parsed = [_parsed(word) for word in overrides]
            if validate_sweep_overrides:
                self.validate_sweep_overrides_legal(parsed, run_mode, from_shell)
            if not any(word.lstrip("+").startswith(SEARCH_PATH) for word in overrides):
                return self._on_a_copy(config_name, parsed)
        except (HydraException, OmegaConfBaseException):
            pass
        return super().load_configuration(
            config_name, overrides, run_mode, from_shell, validate_sweep_overrides
        )

    def _on_a_copy(self, config_name: str | None, words: Sequence[Override]) -> DictConfig:
        """Apply to a copy what does not choose a page. A swept key has no value yet."""
        given = [word for word in words if not word.is_sweep_override()]
        choices = tuple(str(word.input_line) for word in given if self._chooses(word))
        config = copy.deepcopy(self._composed(config_name, choices))
        self._apply_overrides_to_config([w for w in given if not self._chooses(w)], config)
        own = [word for word in words if not word.is_hydra_override()]
        told = config.hydra.overrides
        told.task = [word.input_line for word in own]
        told.hydra = [word.input_line for word in words if word.is_hydra_override()]
        names = config.hydra.job.config.override_dirname
        config.hydra.job.override_dirname = get_overrides_dirname(
            own, names.exclude_keys, names.item_sep, names.kv_sep
        )
        return config

    def _composed(self, config_name: str | None, choices: tuple[str, ...]) -> DictConfig:
        """Return what Hydra composes of the choices; it is kept, so do not change it."""
        if (config_name, choices) not in self._known:
            config = super().load_configuration(config_name, list(choices), RunMode.RUN)
            self._known[config_name, choices] = config
        return self._known[config_name, choices]

    def _chooses(self, word: Override) -> bool:
        """Tell whether a word picks pages, or is about Hydra."""
        return word.is_hydra_override() or (
            self.repository.group_exists(word.key_or_group) and not isinstance(word.value(), dict)
        )


@cache
def _parsed(word: str) -> Override:
    return OverridesParser.create().parse_override(word)
