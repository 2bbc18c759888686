"""Names next to the ends of lines, in place of a legend."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from depthgauge.report.seeds import rounded

_LINE = 16
"""Height of a line of text, in pixels; an axis may reach beyond its `Axis`, which takes some."""


class Axis(NamedTuple):
    """A panel's y axis: its ends, its height in pixels, whether it is logarithmic."""

    low: float
    high: float
    height: int
    log: bool = False

    def line(self, low: float, high: float) -> float:
        """Return the height of a line of text in units of an axis from `low` to `high`."""
        return (high - low) * _LINE / self.height

    @classmethod
    def over(cls, table: pd.DataFrame, height: int, log: bool = False) -> "Axis":
        """Return the axis that shows the columns low, median and high of `table`."""
        values = table.reindex(columns=["low", "median", "high"]).to_numpy(dtype=float)
        return cls(float(np.nanmin(values)), float(np.nanmax(values)), height, log)


def end_labels(table: pd.DataFrame, x: str, y: str, name: str, axis: Axis) -> pd.DataFrame:
    """Return the last row of each `name` of `table`, moved along y until no two texts overlap."""
    last = table.sort_values(x).groupby(name, sort=False, as_index=False).tail(1)
    last = last.sort_values([y, name]).reset_index(drop=True)
    ends = (axis.low, axis.high)
    if axis.log:
        low, high = np.log(ends)
        places = np.exp(spread(np.log(last[y]).tolist(), axis.line(low, high), low, high))
    else:
        places = spread(last[y].tolist(), axis.line(*ends), *ends)
    return last.assign(**{y: rounded(places)})


def spread(places: Sequence[float], gap: float, low: float, high: float) -> np.ndarray:
    """Return ascending `places`, between `low` and `high`, moved `gap` apart from each other.

    Places that are near each other move around their common centre, as far as there is room.
    """
    runs: list[tuple[float, int]] = []  # centre and size of each run of touching labels
    for place in places:
        runs.append((place, 1))
        while len(runs) > 1 and _touch(runs[-2], runs[-1], gap):
            (a, n), (b, m) = runs[-2:]
            half = gap * (n + m - 1) / 2
            centre = min(max((a * n + b * m) / (n + m), low + half), high - half)
            runs[-2:] = [(centre, n + m)]
    return np.concatenate(
        [centre + gap * (np.arange(size) - (size - 1) / 2) for centre, size in runs]
    )


def _touch(first: tuple[float, int], second: tuple[float, int], gap: float) -> bool:
    return second[0] - first[0] < gap * (first[1] + second[1]) / 2
