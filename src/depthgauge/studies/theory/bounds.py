"""Milman's answer: identity (*), bound (**), and what the bound says of vanishing."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import xarray as xr

from depthgauge.claims.claim import Cells
from depthgauge.claims.readings import flags, series
from depthgauge.claims.statistics import Values
from depthgauge.theory import bound_tolerance, rank_one_tolerance

MNIST = (784, 10)
"""Inputs and classes, which a record's config does not hold."""


def excess_of_identity(cells: Cells) -> Values:
    """Largest gap of (*) over nets, layers, steps and examples, over what rounding explains."""
    return np.max([_identity(cell) for cell in cells], axis=0)


def _identity(cell: xr.Dataset) -> Values:
    gaps = series(cell, "identity_gap", "bound_step", "layer")
    sizes = pairwise(_widths(cell))
    allowed = [rank_one_tolerance(n_out, n_in, _epsilon(cell)) for n_in, n_out in sizes]
    return (gaps / np.array(allowed)).max(axis=(1, 2))


def excess_of_bound(cells: Cells, name: str) -> Values:
    """Largest gradient over nets, layers and steps, as a part of its bound and its rounding."""
    return np.max([_tightness(cell, name) for cell in cells], axis=0)


def _tightness(cell: xr.Dataset, name: str) -> Values:
    examples = cell.attrs["config"]["bounds"]["images"]
    allowed = 1 + bound_tolerance(_widths(cell), examples, _epsilon(cell))
    return series(cell, name, "bound_step", "layer").max(axis=(1, 2)) / allowed


def _widths(cell: xr.Dataset) -> Sequence[int]:
    return [MNIST[0], *cell.attrs["config"]["hidden"], MNIST[1]]


def _epsilon(cell: xr.Dataset) -> float:
    precision = cell.attrs["config"]["precision"]
    # TF32 keeps ten bits behind the point, as float16 does
    kind = np.dtype("float16" if precision == "tf32" else precision)
    return float(np.finfo(kind).eps)


def bound_factors(cell: xr.Dataset) -> Values:
    """Return by how much (**) falls a layer toward the input, hidden layers, (seed, step)."""
    return _factors(series(cell, "bound", "bound_step", "layer"))


def gradient_factors(cell: xr.Dataset) -> Values:
    """Return by how much |dC/db^l| itself falls a layer toward the input, (seed, step)."""
    bound, part = (
        series(cell, name, "bound_step", "layer") for name in ("bound", "bound_tightness")
    )
    return _factors(bound * part)


def _factors(norms: Values) -> Values:
    """Geometric mean factor from one hidden layer to the next, of norms (seed, step, layer)."""
    hidden = norms[..., :-1]
    return (hidden[..., -1] / hidden[..., 0]) ** (1 / (hidden.shape[-1] - 1))


def initial_factor(cells: Cells) -> Values:
    """Return the factor a layer of the first cell's bound before training, (seed,)."""
    return bound_factors(cells[0])[:, 0]


def initial_gradient_factor(cells: Cells) -> Values:
    """Return the factor a layer of the first cell's gradient before training, (seed,)."""
    return gradient_factors(cells[0])[:, 0]


def always_falls(cells: Cells) -> Values:
    """1 where the bound falls toward the input at every recorded step."""
    factors = bound_factors(cells[0])
    return flags(factors > 1, factors)


def explained(cells: Cells, expected: float) -> Values:
    """The measured factor a layer over the bound's, before training, over the one expected."""
    return gradient_factors(cells[0])[:, 0] / initial_factor(cells) / expected
