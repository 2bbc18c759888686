"""Whether a block's record holds its training up to the last step.

Only what lies in the file is read: its attributes, and the ends of its axes of steps.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

AXES = "_step"
"""How the names of axes of recorded steps end; the last step is on each of them."""

BEFORE = ("update_step",)
"""Axes of readings taken of a step about to be made: after the last step there is none."""


def missing_steps(config: Mapping[str, Any], axes: Mapping[str, Sequence[int]]) -> str:
    """Return which axes of steps end too early, as a phrase, or nothing.

    `config` is that of the experiment, `axes` the recorded steps by axis.
    """
    wanted = _last_step(config)
    ends = {axis: int(steps[-1]) if len(steps) else None for axis, steps in sorted(axes.items())}
    short = [
        f"{axis} ends at {end}"
        for axis, end in ends.items()
        if end != wanted and axis not in BEFORE
    ]
    return f"{', '.join(short)} of {wanted} steps" if short else ""


def shortfall(path: Path) -> str:
    """Return what the block's record at `path` lacks, or nothing.

    Nothing, too, where the file cannot be understood: depthgauge.records.read says why not.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            config = json.loads(file.metadata()["depthgauge"])["attrs"]["config"]
            names = [name for name in file.offset_keys() if name.endswith(AXES)]
            axes = {name: file.get_tensor(name) for name in names}
        return missing_steps(config, axes)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def _last_step(config: Mapping[str, Any]) -> int:
    """Pre-training counts among the steps of procedure=remedies, whose axes begin after it."""
    before = config["pretraining"]["steps"] if config["procedure"] == "remedies" else 0
    return config["steps"] - before
