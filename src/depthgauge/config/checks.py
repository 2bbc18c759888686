"""A value no study can run with is refused in one sentence."""

from typing import Any

from depthgauge.errors import ConfigError


def require(holds: bool, key: str, value: Any, wanted: str) -> None:
    if not holds:
        raise ConfigError(f"{key}={value} will not do: {key} must be {wanted}")
