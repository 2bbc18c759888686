"""What the YAML files say by themselves, before Hydra composes anything."""

import re
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from depthgauge.config import Scale
from depthgauge.errors import ConfigError

WHICH = "which study? add study=NAME; the pages are in conf/study"


def study_of(overrides: Sequence[str]) -> str:
    """Return the one study asked for.

    Raises ConfigError when none is, or several: each study has its own grid, and Hydra would
    silently drop both.
    """
    chosen = [word.partition("=")[2] for word in overrides if word.startswith("study=")]
    if not chosen:
        raise ConfigError(WHICH)
    if len(chosen) > 1 or any(mark in chosen[0] for mark in ",*()[]"):
        raise ConfigError(
            f"study={','.join(chosen)} names more than one study; each has its own grid, so run"
            " them one after another"
        )
    if not re.fullmatch(r"[\w-]+", chosen[0]):  # it names folders, too
        raise ConfigError(
            f"invalid study={chosen[0]!r}: give the name of a page in conf/study, without .yaml"
        )
    return chosen[0]


RENAMED = {"study=glorot_gradients": "study=glorot_saturation"}
"""Page of version 0.1 -> the page that does the same since 0.2."""


def unknown(group: str, name: str, known: Sequence[str]) -> ConfigError:
    """Return that a group has no page of this name, and which it has."""
    choice = f"{group}={name}"
    if choice in RENAMED:
        return ConfigError(f"{choice} was removed in version 0.2; use {RENAMED[choice]}")
    own = f", or dataset.name={name} if you prepared it" if group == "dataset" else ""
    return ConfigError(f"{choice} is unknown; choose one of {', '.join(known)}{own}")


def pipeline_scale() -> str:
    """Return the scale of the pipeline, conf/pipeline.yaml; quick where the file does not say."""
    path = Path("conf/pipeline.yaml")
    return str(_value(path, "scale") or "quick") if path.exists() else "quick"


def minutes_of(study: str, scale: str) -> float | None:
    """Return the minutes on 2 cores that a study's page expects, None where it has none."""
    found = _value(Path("conf/study") / f"{study}.yaml", f"notebook.minutes.{scale}")
    return float(found) if isinstance(found, int | float) else None


def scales_of(study: str) -> list[str]:
    """Return the scales that a study's page has sizes for; a page without sizes has one."""
    found = _value(Path("conf/study") / f"{study}.yaml", "at")
    return list(map(str, found)) if isinstance(found, DictConfig) else [str(Scale.quick)]


def _value(path: Path, key: str) -> object:
    """Return what a file says under a dotted key; ConfigError if it is not YAML."""
    try:
        return OmegaConf.select(OmegaConf.load(path), key)
    except (YAMLError, OmegaConfBaseException, OSError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{path} cannot be read ({reason}); correct it") from error
