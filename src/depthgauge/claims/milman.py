"""Claims of Milman's answer: identity (*), bound (**), and what the bound says of vanishing."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import xarray as xr

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.nielsen_nets import claims_about
from depthgauge.claims.readings import flags, series
from depthgauge.claims.rules import ALWAYS, NEVER_ABOVE_ONE, factor_between, roughly
from depthgauge.claims.statistics import Values
from depthgauge.theory import bound_tolerance, rank_one_tolerance

COSTS = ("quadratic", "cross_entropy")
DEPTHS = (2, 3, 4)
MNIST = (784, 10)
"""Inputs and classes, which a record's config does not hold."""


def _excess_of_identity(cells: Cells) -> Values:
    """Largest gap of (*) over nets, layers, steps and examples, over what rounding explains."""
    return np.max([_identity(cell) for cell in cells], axis=0)


def _identity(cell: xr.Dataset) -> Values:
    gaps = series(cell, "identity_gap", "bound_step", "layer")
    sizes = pairwise(_widths(cell))
    allowed = [rank_one_tolerance(n_out, n_in, _epsilon(cell)) for n_in, n_out in sizes]
    return (gaps / np.array(allowed)).max(axis=(1, 2))


def _excess_of_bound(cells: Cells, name: str) -> Values:
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


def _initial_factor(cells: Cells) -> Values:
    return bound_factors(cells[0])[:, 0]


def _always_falls(cells: Cells) -> Values:
    """1 where the bound falls toward the input at every recorded step."""
    factors = bound_factors(cells[0])
    return flags(factors > 1, factors)


def _explained(cells: Cells) -> Values:
    """The measured factor a layer over the bound's, before training."""
    return gradient_factors(cells[0])[:, 0] / _initial_factor(cells)


UPDATES = 150_000
"""Of the chapter's training of these nets; the answer speaks of no shorter one."""

_claim = claims_about("bounds", "cost", "milman", "Milman's answer")

_ALL = [(cost, depth) for cost in COSTS for depth in DEPTHS]


def _throughout(cost: str) -> Claim:
    return _claim(
        f"falls_throughout.{cost}",
        "the product of gamma |w^r| shrinks with depth",
        f"With 4 hidden layers ({cost}) the bound itself falls toward the input at every recorded"
        " step",
        [(cost, 4)],
        ALWAYS,
    )(estimate=_always_falls, unit="fraction of seeds", updates=UPDATES)


CLAIMS = (
    _claim(
        "identity",
        "(*), an equality since the gradient of one example has rank one",
        "|dC/dw^l| = |dC/db^l| |a^(l-1)| for single examples, in every net, layer and step",
        _ALL,
        NEVER_ABOVE_ONE,
    )(estimate=_excess_of_identity, unit="gap / allowed rounding"),
    _claim(
        "bound.examples",
        "(**)",
        "No example's |dC/db^l| exceeds the bound, in any net, layer or step",
        _ALL,
        NEVER_ABOVE_ONE,
    )(
        estimate=partial(_excess_of_bound, name="example_bound_tightness"),
        unit="gradient / bound",
    ),
    _claim(
        "bound.means",
        "(**) for the mean over a batch, with the mean of |a^L - y|",
        "No mean |dC/db^l| exceeds the bound, in any net, layer or step",
        _ALL,
        NEVER_ABOVE_ONE,
    )(estimate=partial(_excess_of_bound, name="bound_tightness"), unit="gradient / bound"),
    _claim(
        "falls_at_start",
        "the product of gamma |w^r| shrinks with depth",
        "With 4 hidden layers the bound falls toward the input before training",
        [("cross_entropy", 4)],
        factor_between("falls", 1, np.inf),
    )(estimate=_initial_factor, unit="factor per layer"),
    *(_throughout(cost) for cost in COSTS),
    _claim(
        "explains_slope",
        "(**) as an explanation of how fast gradients vanish",
        "Before training, gradients of 4 hidden layers fall about as fast as their bound does",
        [("cross_entropy", 4)],
        roughly(1),
    )(estimate=_explained, unit="measured / bound, factor per layer"),
)
