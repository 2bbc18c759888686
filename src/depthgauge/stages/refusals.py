"""What Hydra refuses, as one sentence: what, where, what to do."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from difflib import get_close_matches

from hydra.errors import MissingConfigException
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    OmegaConfBaseException,
    ValidationError,
)

from depthgauge.config import Config
from depthgauge.errors import ConfigError


def refusal(error: Exception) -> ConfigError:
    """Return Hydra's complaint about a command line or a page, for a person to mend.

    That is an error of Hydra's or OmegaConf's own, or one of Python's that they let through.
    """
    if isinstance(error, OverflowError):  # OmegaConf's, which knows the key in its text alone
        reason, _, where = str(error).partition("full_key:")
        said = f"{' '.join(where.split()[:1])} will not do ({' '.join(reason.split())})"
        return ConfigError(f"{said}; give a smaller number")
    cause = error.__cause__
    if isinstance(error, MissingConfigException) and error.options and error.missing_cfg_file:
        group, _, name = error.missing_cfg_file.rpartition("/")
        return ConfigError(f"{group}={name} is unknown; choose one of {', '.join(error.options)}")
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and cause.full_key:
        return ConfigError(
            f"{cause.full_key} is no key of a study{_meant(str(cause.full_key))};"
            " src/depthgauge/config explains each"
        )
    first = str(error).splitlines()[0]
    if isinstance(cause, ValidationError):
        word = first.removeprefix("Error merging override ")
        reason = str(cause.msg).splitlines()[0].removeprefix("Invalid value assigned: ")
        return ConfigError(f"{word} will not do ({reason.rstrip('.')}); give a value of its kind")
    told = [first, str(cause).splitlines()[0]] if isinstance(cause, OmegaConfBaseException) else []
    said = ": ".join(told) or " ".join(str(error).partition("full_key:")[0].split())
    return ConfigError(f"{said}; correct that on the command line or in conf")


def _meant(key: str) -> str:
    """Return a question where keys of the config end in `key`, or one is spelt like it."""
    known = list(_keys(Config()))
    near = [each for each in known if each.endswith(f".{key}")] or get_close_matches(key, known, 1)
    return f" (is {' or '.join(near)} meant?)" if near else ""


def _keys(settings: object, above: str = "") -> Iterator[str]:
    """Yield every key of a config, as it is written on the command line."""
    for each in fields(settings) if is_dataclass(settings) else ():
        yield above + each.name
        yield from _keys(getattr(settings, each.name), f"{above}{each.name}.")
