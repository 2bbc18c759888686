"""Which blocks are in the records of build/, as after `dvc pull`, whatever .cells holds."""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open


def assembled_keys(build: Path) -> frozenset[str]:
    """Return the keys of all blocks in the records of `build`; a damaged record counts none."""
    return frozenset(key for path in build.glob("*/*.safetensors") for key in _keys(path))


def _keys(path: Path) -> list[str]:
    try:
        with safe_open(path, framework="numpy") as file:
            return json.loads((file.metadata() or {})["depthgauge"])["attrs"]["keys"]
    except (SafetensorError, OSError, ValueError, KeyError, TypeError):
        return []
