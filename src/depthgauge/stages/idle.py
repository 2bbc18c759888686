"""Settings that would change nothing: two cells that differ by one would be trained alike."""

from dataclasses import fields

from depthgauge.config import Config
from depthgauge.errors import ConfigError

READ_BY = {"remedy": "remedies", "capacity": "capacity", "surface": "surfaces"}
"""Section of a page -> the one procedure that reads it."""


def require_no_idle_setting(config: Config) -> None:
    """Raise ConfigError where a section is filled in that the cell's procedure does not read."""
    usual = Config()
    for section, procedure in READ_BY.items():
        given, default = getattr(config, section), getattr(usual, section)
        for key in (each.name for each in fields(given)) if config.procedure != procedure else ():
            value = getattr(given, key)
            if value != getattr(default, key):
                raise ConfigError(
                    f"{section}.{key}={value} would change nothing with"
                    f" procedure={config.procedure}; add procedure={procedure}"
                )
