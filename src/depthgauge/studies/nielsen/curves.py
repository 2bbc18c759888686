"""Nielsen, ch. 5: readings of the curves over 500 full-batch steps, whole or at one point."""

from collections.abc import Callable

import numpy as np

from depthgauge.claims.claim import Cells
from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.readings import hidden_speeds
from depthgauge.claims.statistics import Values

UPDATES = 500
"""Full-batch steps of the figures."""


def _speeds(cells: Cells) -> Values:
    """Return speeds before each of the 500 steps, (seed, step, hidden layer)."""
    steps = cells[0]["gradient_step"].to_numpy()
    if not np.array_equal(steps[:UPDATES], np.arange(UPDATES)):
        label, last = cells[0].attrs["label"], cells[0].attrs["config"]["steps"]
        raise UndecidableError(
            f"{last} of {UPDATES} updates: the record of {label} does not hold every step"
        )
    return hidden_speeds(cells[0])[:, :UPDATES]


def curve(cells: Cells, layer: int, every: int) -> Values:
    """Return one layer's speed at every `every`-th step, (seed, step)."""
    return _speeds(cells)[:, ::every, layer - 1]


def lowest(cells: Cells, layer: int) -> Values:
    """Return the step at which a layer's speed is least, (seed,)."""
    return np.argmin(_speeds(cells)[..., layer - 1], axis=1).astype(np.float64)


def last_to_first(cells: Cells, when: str) -> Values:
    """Return the last over the first hidden layer's speed, (seed,); `when` is of `TIMES`."""
    speeds = _speeds(cells)
    return TIMES[when](speeds[..., -1] / speeds[..., 0])


TIMES: dict[str, Callable[[Values], Values]] = {
    "least": lambda ratios: ratios.min(axis=1),
    "largest": lambda ratios: ratios.max(axis=1),
    "last": lambda ratios: ratios[:, -1],
    "typical": lambda ratios: np.exp(np.log(ratios).mean(axis=1)),
}
"""What is asked of a ratio over the steps, (seed, step) -> (seed,); typical: geometric mean."""
