"""What claims read from a record: curves of each seed, as plain arrays.

Each raises UndecidableError when the record does not hold what is asked for.
"""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.statistics import Values


def series(cell: xr.Dataset, name: str, *axes: str) -> Values:
    """Return variable `name` as (seed, *axes) in double precision."""
    if name not in cell.data_vars:
        raise UndecidableError(f"the record of {cell.attrs['label']} holds no {name}")
    return cell[name].transpose("replica", *axes).to_numpy().astype(np.float64)


def final_accuracy(cell: xr.Dataset, split: str) -> Values:
    """Return the accuracy after the last step, (seed,), in percent: not the best one."""
    accuracy = series(cell, f"accuracy_{split}", "evaluation_step")
    last, steps = int(cell["evaluation_step"][-1]), cell.attrs["config"]["steps"]
    if last != steps:
        raise UndecidableError(
            f"{cell.attrs['label']} was last evaluated at step {last} of {steps}"
        )
    return 100 * accuracy[:, -1]


def hidden_speeds(cell: xr.Dataset, name: str = "bias_gradient_norm") -> Values:
    """Return norms of bias gradients, (seed, step, hidden layer), input side first.

    The state after the last step is there too.
    """
    return series(cell, name, "gradient_step", "layer")[..., :-1]


def initial_speeds(cell: xr.Dataset) -> Values:
    """Return the hidden layers' speeds of learning before the first step, (seed, hidden layer)."""
    if int(cell["gradient_step"][0]) != 0:
        raise UndecidableError(f"the record of {cell.attrs['label']} does not hold step 0")
    return hidden_speeds(cell)[:, 0]


def window_ends(cell: xr.Dataset, name: str = "window_bias_gradient_norm") -> Values:
    """Return `name` at the end of each window, (seed, window, hidden layer).

    Windows that overlap would count the same mini-batches again. The last state drives no step and
    belongs to no window.
    """
    window = cell.attrs["config"]["gradients"]["window"]
    curve = hidden_speeds(cell, name)[:, :-1]
    if curve.shape[1] < window:
        raise UndecidableError(f"the record of {cell.attrs['label']} fills no window of {window}")
    return curve[:, window - 1 :: window]


def ratios_to_next(speeds: Values) -> Values:
    """Return how much faster the next hidden layer learns: (..., layer) -> (..., layer - 1)."""
    return speeds[..., 1:] / speeds[..., :-1]


def flags(condition: NDArray[np.bool_], evidence: Values) -> Values:
    """Return 1 for a seed that meets every `condition`, (seed, ...), 0 for one that does not.

    NaN where `evidence`, (seed, ...), is not finite, since nothing was seen there.
    """
    met, seen = (
        each.reshape(len(each), -1).all(axis=1) for each in (condition, np.isfinite(evidence))
    )
    return np.where(seen, met.astype(np.float64), np.nan)
