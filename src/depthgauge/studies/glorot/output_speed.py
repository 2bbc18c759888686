"""Glorot and Bengio, section 3.1: why the top sigmoid layer saturates at once."""

import numpy as np

from depthgauge.claims.claim import Cells
from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.readings import series
from depthgauge.claims.statistics import Values


def bias_over(cells: Cells, speed: str, updates: int) -> Values:
    """Speed of the output's bias over `speed`: geometric mean over the first updates."""
    return _typical_ratio(cells, "output_bias_speed", speed, updates)


def bias_over_weight(cells: Cells, updates: int) -> Values:
    """Gradient of one output bias over that of one output weight, root mean squares.

    Geometric mean over the first updates.
    """
    return _typical_ratio(cells, "output_bias_gradient", "output_weight_gradient", updates)


def constant_share(cells: Cells, updates: int) -> Values:
    """Part of the cost's decrease that logits which are the same for all images explain, (seed,).

    (C_0 - C') / (C_0 - C): C after `updates` updates, C' the same with h at its mean in the output.
    """
    steps = cells[0]["output_step"].to_numpy()
    if updates not in steps:
        raise UndecidableError(f"{cells[0].attrs['label']} was not looked at at step {updates}")
    cost, constant = (
        series(cells[0], name, "output_step") for name in ("output_cost", "constant_output_cost")
    )
    at = int(np.searchsorted(steps, updates))
    return (cost[:, 0] - constant[:, at]) / (cost[:, 0] - cost[:, at])


def fall_of_top(cells: Cells) -> Values:
    """How far the top layer's mean falls in the first cell over the same in the second, (seed,)."""
    first, second = (
        series(cell, "activation_mean", "activation_step", "layer")[..., -2] for cell in cells
    )
    return (first[:, 0] - first[:, -1]) / (second[:, 0] - second[:, -1])


def _typical_ratio(cells: Cells, above: str, below: str, updates: int) -> Values:
    early = cells[0]["output_step"].to_numpy() <= updates
    first, second = (series(cells[0], name, "output_step")[:, early] for name in (above, below))
    return np.exp(np.log(first / second).mean(axis=1))
