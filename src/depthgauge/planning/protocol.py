"""A page's protocol by scale, `at`, which its keys read by interpolations alone."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields

from hydra.core.config_loader import ConfigLoader
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from depthgauge.config import Config
from depthgauge.errors import ConfigError


def require_protocol_read(master: DictConfig, loader: ConfigLoader, words: Sequence[str]) -> None:
    """Raise ConfigError for a key of `at` at this scale that its page has no use for.

    `master` is what Hydra composes before the grid is spread out; its `words` may have replaced
    what reads a key.
    """
    scale = str(master.scale.value)
    keys = master["at"].get(scale) or {}
    if not isinstance(keys, Mapping):
        raise ConfigError(f"invalid at.{scale}={keys}: give a table, such as {{steps: 100}}")
    known = {each.name for each in fields(Config)} & set(keys)
    unread = known - _read(master)
    if unread:
        picks = [word for word in words if word.startswith(("study=", "hydra.searchpath="))]
        name = master.hydra.job.config_name
        unread -= _read(loader.load_configuration(name, picks, RunMode.MULTIRUN))
    for key in unread:
        raise ConfigError(
            f"at.{scale}.{key} would change nothing: nothing in the page reads it; write"
            f" {key}: ${{at.${{scale}}.{key}}} in the page, or leave it out"
        )


def _read(config: DictConfig) -> set[str]:
    """Return the keys in at.${scale}.KEY, or with brackets as OmegaConf allows, or of one scale."""
    return set(re.findall(r"\bat[.[](?:\$\{scale\}|\w+)\]?[.[](\w+)", OmegaConf.to_yaml(config)))
