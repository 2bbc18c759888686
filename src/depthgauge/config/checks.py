"""A value that no study can use is refused in one sentence."""

import math
from typing import Any

from depthgauge.errors import ConfigError


def require(holds: bool, key: str, value: Any, wanted: str) -> None:
    """Raise ConfigError, saying what `key` must be, unless `value` `holds`."""
    if not holds:
        raise ConfigError(f"invalid {key}={value}: {key} must be {wanted}")


def require_least(section: str, settings: object, **least: int) -> None:
    """Raise ConfigError unless each of these settings of a section has its least value or more."""
    for name, bound in least.items():
        value = getattr(settings, name)
        require(value >= bound, f"{section}{name}", value, f">= {bound}")


def require_positive(key: str, value: float) -> None:
    """Raise ConfigError unless `value` is a finite number above 0."""
    require(math.isfinite(value) and value > 0, key, value, "a number > 0")
