"""The claims and numbers of Nielsen's chapter, from claims.yaml beside this file.

It includes figures.json, which names the files that its numbers were typed from.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from depthgauge.claims.register import register_beside

REGISTER = register_beside(__name__)

_TABLES: Any = REGISTER.tables
_FIGURES = _TABLES["figures"]

ACCURACY: dict[int, float] = _TABLES["accuracy"]
"""Percent of the 10,000 validation images after epoch 30, by number of hidden layers."""

INITIAL_SPEED: dict[int, list[float]] = _TABLES["initial_speed"]
"""Norm of dC/db^l averaged over 1,000 images, by depth, hidden layers from the input on."""

NUMBERS: dict[str, float] = _FIGURES["numbers"]
"""Turning points (step) and ratios of the last hidden layer's speed over the first one's."""

BARS: NDArray[np.float64] = np.array(_FIGURES["bars"])
"""The averaged gradient of the first six neurons of hidden layers 1 and 2, (layer, neuron)."""

SPEEDS: dict[int, NDArray[np.float64]] = {
    int(depth): np.array(layers) for depth, layers in _FIGURES["speeds"].items()
}
"""Number of hidden layers -> norm of the averaged dC/db^l, (hidden layer, step), at `STEPS`."""

STEPS: NDArray[np.int64] = _FIGURES["every"] * np.arange(len(SPEEDS[2][0]))
"""Full-batch steps done: every tenth of the 500."""
