"""Hydra's errors, as one sentence: what, where, what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path

from hydra.errors import HydraException, MissingConfigException
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    OmegaConfBaseException,
    ValidationError,
)
from yaml import MarkedYAMLError

from depthgauge.config import Config
from depthgauge.errors import ConfigError, DepthgaugeError, ResourceError
from depthgauge.planning.study_file import WHICH, unknown

EXTRAS = {"hydra/launcher/submitit": "slurm", "hydra/sweeper/optuna": "optuna"}
"""What names a plugin of Hydra's -> the extra of this package that installs it."""

EVERY_KEY = "`depthgauge train study=NAME --cfg job` prints every key"

OTHER_NAMES = {
    "epochs": "steps",
    "layers": "hidden",
    "lr": "learning_rate",
    "max_epochs": "steps",
    "max_steps": "steps",
    "rates": "learning_rate",
}
"""What else a key is called: elsewhere, and in version 0.1."""


@contextmanager
def refusals(*also: type[Exception]) -> Iterator[None]:
    """Turn errors of Hydra, OmegaConf and YAML, and those of these types, into a sentence."""
    try:
        yield
    except (HydraException, OmegaConfBaseException, MarkedYAMLError, *also) as error:
        raise refusal(error) from None


def refusal(error: Exception) -> DepthgaugeError:
    """Return Hydra's error about a command line or a page, as one sentence.

    That is an error of Hydra's or OmegaConf's own, or one of Python's that they let through.
    """
    if isinstance(error, OverflowError):  # OmegaConf's, which knows the key in its text alone
        reason, _, where = str(error).partition("full_key:")
        word = " ".join(where.split()[:1])
        return ConfigError(f"invalid {word} ({' '.join(reason.split())}); give a smaller number")
    if isinstance(error, MarkedYAMLError):
        return _no_yaml(error)
    if isinstance(error, UnicodeDecodeError):
        return _not_utf8(error)
    cause = error.__cause__
    first = str(error).partition("\n")[0]
    page = re.match(r"In '(\S+)': \w+ raised while composing", first)
    if page and isinstance(error.__context__, OmegaConfBaseException):
        return _in_page(page[1], error.__context__)
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        for start, extra in EXTRAS.items():
            if error.missing_cfg_file.startswith(start):
                return _not_installed(error.missing_cfg_file, extra)
    if isinstance(error, MissingConfigException) and error.options and error.missing_cfg_file:
        group, _, name = error.missing_cfg_file.rpartition("/")
        return unknown(group, name, error.options)
    full_key = str(getattr(cause, "full_key", ""))
    hydras = full_key.startswith("hydra.")
    if full_key.startswith(("trainer.", "callbacks.", "logger.")):
        return _addition(full_key)
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and cause.full_key and not hydras:
        return unknown_setting(str(cause.full_key))
    if first.startswith("You must specify 'study'"):
        return ConfigError(WHICH)
    if isinstance(cause, ValidationError):
        return _invalid(first.removeprefix("Error merging override "), cause)
    if hydras:  # with its hint about +key
        return ConfigError(f"{' '.join(str(error).split())}; correct that key of Hydra's")
    lines = [first, str(cause).splitlines()[0]] if isinstance(cause, OmegaConfBaseException) else []
    said = ": ".join(lines) or " ".join(str(error).partition("full_key:")[0].split())
    return ConfigError(f"{said}; correct that on the command line or in conf")


def unknown_setting(key: str) -> ConfigError:
    """Return that no study has this key, and which is spelt like it."""
    return ConfigError(f"unknown setting {key}{_meant(key)}; {EVERY_KEY}")


def _invalid(word: str, error: OmegaConfBaseException) -> ConfigError:
    reason = str(error.msg).splitlines()[0].removeprefix("Invalid value assigned: ")
    return ConfigError(f"invalid {word} ({reason.rstrip('.')}); give a value of the right type")


def _in_page(page: str, error: OmegaConfBaseException) -> ConfigError:
    """Return what a page, such as study/elu, or one of its models has that no study can have."""
    key = str(error.full_key)
    if not isinstance(error, ConfigKeyError | ConfigAttributeError):
        said = _invalid(key or "section", error)
    elif key == page.partition("/")[0]:
        said = ConfigError("its first line must be `# @package _global_`")
    else:
        said = unknown_setting(key)
    return ConfigError(f"{page}: {said}")


def _not_utf8(error: UnicodeDecodeError) -> ConfigError:
    before = error.object[: error.start].decode().rpartition("\n")[2]
    return ConfigError(f"a page is not UTF-8 after {before!r}; save it in this encoding")


def _addition(key: str) -> ConfigError:
    """Return how to add a key to Lightning's settings, and which keys the study has itself."""
    return ConfigError(
        f"{key} is not set yet: add it as +{key}=; steps= and precision= set how long and how"
        " precisely a cell trains"
    )


def _no_yaml(error: MarkedYAMLError) -> ConfigError:
    mark = error.problem_mark or error.context_mark
    where = f"{mark.name}, line {mark.line + 1}," if mark else "a page"
    return ConfigError(
        f"{where} is not valid YAML ({error.problem}): correct it; put text"
        " that contains : ? or [ in quotes"
    )


def _not_installed(name: str, extra: str) -> ResourceError:
    choice = "=".join(name.rsplit("/", 1))
    pinned = f"-c constraints.txt -e '.[{extra}]'"  # in a clone
    what = pinned if Path("constraints.txt").is_file() else f"'depthgauge[{extra}]'"
    return ResourceError(f"{choice} needs a package that is not installed: `pip install {what}`")


def _meant(key: str) -> str:
    """Return a question where keys of the config end in `key`, or one is spelt like it."""
    known = list(_keys(Config()))
    near = [OTHER_NAMES[key]] if key in OTHER_NAMES else []
    near = near or [each for each in known if each.endswith(f".{key}")]
    near = near or get_close_matches(key, known, 1, 0.7)
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def _keys(settings: object, above: str = "") -> Iterator[str]:
    """Yield every key of a config, as it is written on the command line."""
    for each in fields(settings) if is_dataclass(settings) else ():
        yield above + each.name
        yield from _keys(getattr(settings, each.name), f"{above}{each.name}.")
