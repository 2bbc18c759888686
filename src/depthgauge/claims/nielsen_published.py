"""What Nielsen's own figures show, as numbers: speeds over 500 steps, and twelve bars.

Typed from the data files behind his figures; published/nielsen.json names them.
"""

import json
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

_DATA = json.loads(
    files("depthgauge.claims").joinpath("published", "nielsen.json").read_text(encoding="utf-8")
)

NUMBERS: dict[str, float] = _DATA["numbers"]
"""Turning points (step) and ratios of the last hidden layer's speed over the first one's."""

BARS: NDArray[np.float64] = np.array(_DATA["bars"])
"""The averaged gradient of the first six neurons of hidden layers 1 and 2, (layer, neuron)."""

SPEEDS: dict[int, NDArray[np.float64]] = {
    int(depth): np.array(layers) for depth, layers in _DATA["speeds"].items()
}
"""Number of hidden layers -> norm of the averaged dC/db^l, (hidden layer, step), at `STEPS`."""

STEPS: NDArray[np.int64] = _DATA["every"] * np.arange(len(SPEEDS[2][0]))
"""Full-batch steps done: every tenth of the 500."""
