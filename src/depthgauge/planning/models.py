"""A page's table `models`: its bundles of keys are the options of Hydra's config group `model`."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from depthgauge.errors import ConfigError

GROUP = "model"


def offer_models(config: DictConfig | None) -> None:
    """Make the bundles of `config.models`, and no others, what model=NAME may choose.

    conf/config.yaml merges the choice after the study, so that it changes the page's keys, and the
    command line those of both.
    """
    store = ConfigStore.instance()
    store.repo.pop(GROUP, None)
    table: Any = None if config is None else config.get("models")
    bundles = OmegaConf.to_container(table, resolve=False) if OmegaConf.is_dict(table) else {}
    assert isinstance(bundles, Mapping)
    for name, bundle in bundles.items():
        if not isinstance(bundle, Mapping | None):
            raise ConfigError(f"invalid models.{name}={bundle}: give a table of the study's keys")
        node = {GROUP: name, **(bundle or {})}
        store.store(group=GROUP, name=str(name), node=node, package="_global_")


def offer_models_of(conf: Path, config_name: str, words: Sequence[str]) -> None:
    """Offer the models of the page that `words` choose: a single composition needs them first.

    A page that does not compose offers none; the composition that follows says why.
    """
    offer_models(None)
    picks = [word for word in words if word.startswith(("study=", "hydra.searchpath="))]
    with (
        suppress(HydraException, OmegaConfBaseException, YAMLError),
        initialize_config_dir(str(conf), version_base="1.3"),
    ):
        loader = GlobalHydra.instance().config_loader()
        offer_models(loader.load_configuration(config_name, picks, RunMode.MULTIRUN))
