"""Where a command looks for a user's own modules: beside the user, and in the config's folders."""

from pathlib import Path

from omegaconf import DictConfig

from depthgauge.user_code.search_path import search_in


def search_config_folders(config: DictConfig) -> None:
    """Let modules be imported from the folders of hydra.searchpath and --config-dir.

    `config` has Hydra's part. The project's root comes first, where processes are started.
    """
    sources = [each.path for each in config.hydra.runtime.config_sources if each.schema == "file"]
    search_in([Path.cwd(), *(Path(path).absolute() for path in sources)])
