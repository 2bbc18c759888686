"""What Hydra refuses, as one sentence: what, where, what to do."""

from difflib import get_close_matches

from hydra.errors import CompactHydraException, MissingConfigException
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    OmegaConfBaseException,
    ValidationError,
)

from depthgauge.config import Config
from depthgauge.errors import ConfigError


def refusal(error: CompactHydraException | OmegaConfBaseException) -> ConfigError:
    """Return Hydra's complaint about a command line or a page, for a person to mend."""
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
    """Return a question where a key of the config is spelt like `key`."""
    near = get_close_matches(key, Config.__dataclass_fields__, 1)
    return f"; is {near[0]} meant?" if near else ""
