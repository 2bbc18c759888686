"""Refuse environment variables that would change results.

docs/determinism.md lists those that change only the last digits, as another processor does.
"""

import os
from collections.abc import Mapping

from depthgauge.errors import ConfigError

LIGHTNING = "PL_TRAINER_"
"""Lightning takes each argument of a Trainer that is not given from a variable of this prefix."""
ROUNDING = ("ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE")
"""oneDNN rounds the factors of float32 products to bfloat16 if these say so."""


def require_neutral_environment(environment: Mapping[str, str] = os.environ) -> None:
    """Raise ConfigError that names every variable that is set and would change a result."""
    found = [
        name
        for name, value in sorted(environment.items())
        if (name.startswith(LIGHTNING) and value)
        or (name in ROUNDING and value.upper() not in ("", "STRICT"))
    ]
    if found:
        raise ConfigError(
            f"the environment sets {', '.join(found)}, which would change results without being"
            " recorded; unset that and repeat the command"
        )
