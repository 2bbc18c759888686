"""Claims about remedies: each against a deep plain net, at an equal budget of updates.

The two that Lucas's answer names are a step size for each layer, and second-order or adaptive
methods. Nobody published this grid: the statements are those of the remedies' own papers, put to
the one net that the answers speak of, deep and plain. Rates are chosen on the validation images.
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.rates import at_chosen_rate, final_test_error
from depthgauge.claims.readings import series
from depthgauge.claims.rules import ALIKE, MUCH, ORDERING
from depthgauge.claims.statistics import Values

BUDGET = 400
"""Updates of scale quick. A longer run judges the same statements at its own, larger budget."""

WIDTH, DEEP, SHALLOW = 100, 20, 5

TEST_IMAGES = 10_000
"""Of MNIST; the study may look at fewer."""

STANDARD_ERRORS = 3
"""An error within so many binomial standard errors of naming one class is that of a net which
learned nothing: one that names classes blindly errs by less in one case of 700."""


class Remedy(NamedTuple):
    """What a model of the study changes about the plain net."""

    title: str
    source: str


PLAIN = Remedy("plain", "tanh, U[-1/√n, 1/√n], SGD: Glorot and Bengio 2010, eq. 1")

REMEDIES = {
    "layer_rates": Remedy("step size per layer", "Lucas 2014; You et al. 2017 (LARS)"),
    "adahessian": Remedy("second order (AdaHessian)", "Lucas 2014; Yao et al. 2021"),
    "adagrad": Remedy("Adagrad", "Lucas 2014; Duchi et al. 2011"),
    "rmsprop": Remedy("RMSprop", "Lucas 2014; Hinton 2012"),
    "adam": Remedy("Adam", "Lucas 2014; Kingma and Ba 2015"),
    "clip": Remedy("gradient clipping", "Pascanu et al. 2013"),
    "normalized": Remedy("normalized init", "Glorot and Bengio 2010, eq. 16"),
    "orthogonal": Remedy("orthogonal init", "Saxe et al. 2014"),
    "lsuv": Remedy("LSUV init", "Mishkin and Matas 2016"),
    "relu": Remedy("ReLU alone", "Glorot, Bordes and Bengio 2011"),
    "he": Remedy("ReLU, He init", "He et al. 2015, eq. 10"),
    "gelu": Remedy("GELU, He init", "Hendrycks and Gimpel 2016"),
    "batch_norm": Remedy("batch normalization", "Ioffe and Szegedy 2015"),
    "layer_norm": Remedy("layer normalization", "Ba et al. 2016"),
    "residual": Remedy("residual connections", "He et al. 2016"),
    "pretrained": Remedy("pre-training", "Hinton et al. 2006; Vincent et al. 2008"),
}
"""By their names on the study's page; the first five are those of Lucas's answer."""

STRONGER_SIGNAL = (
    "normalized", "orthogonal", "lsuv", "he", "gelu", "batch_norm", "layer_norm", "residual",
    "pretrained",
)  # fmt: skip
"""Remedies that act on the net that descent starts from; the others but ReLU leave its gradients as
they are."""

RESCALING = ("adagrad", "rmsprop", "adam")


def lowest_rate(cell: xr.Dataset) -> xr.Dataset:
    """Return the replicas at the lowest rate: before the first step a seed's are all the same."""
    rates = cell["learning_rate"].to_numpy()
    return cell.isel(replica=np.flatnonzero(rates == rates.min()))


def worse_at_an_edge(cells: Cells) -> str:
    """Return a doubt if the cell with the larger error has its rate from the edge of the grid.

    A better rate beyond could turn the order around; for the better cell it could not. A net that
    learned nothing at any rate of the grid is no doubt: the rate was not what it lacked.
    """
    worse = max(cells, key=lambda cell: float(final_test_error(cell).mean()))
    learned = final_test_error(worse).mean() < least_error_without_learning(worse)
    return str(worse.attrs["rate_doubt"]) if learned else ""


def least_error_without_learning(cell: xr.Dataset) -> float:
    """Return the test error in percent below which a net has learned something from its inputs.

    The error of naming the commonest class of the very images that were looked at, minus
    STANDARD_ERRORS of a binomial proportion: a function of the data, not of any result.
    """
    error = float(series(cell, "one_class_error_test")[0])
    images = cell.attrs["config"]["evaluation"]["images"] or TEST_IMAGES
    return float(100 * (error - STANDARD_ERRORS * np.sqrt(error * (1 - error) / images)))


def _gain(cells: Cells) -> Values:
    """Test error of the first cell minus that of the second, seed by seed; points."""
    first, second = (final_test_error(cell) for cell in cells)
    return first - second


def initial_gradients(cell: xr.Dataset) -> Values:
    """Return |dC/dw^l| before the first step, (seed, hidden layer)."""
    if int(cell["gradient_step"][0]) != 0:
        raise UndecidableError(f"the record of {cell.attrs['label']} does not hold step 0")
    return series(cell, "weight_gradient_norm", "gradient_step", "layer")[:, 0, :-1]


def _gradient_ratio(cells: Cells) -> Values:
    """Of the first cell's gradients to the second's: geometric mean over hidden layers."""
    first, second = (np.log(initial_gradients(cell)).mean(axis=1) for cell in cells)
    return np.exp(first - second)


def _spread_of_updates(cells: Cells) -> Values:
    """Largest over smallest update ratio of the equal hidden layers; geometric mean over steps."""
    ratios = series(cells[0], "update_ratio", "update_step", "layer")[..., 1:-1]
    return np.exp(np.log(ratios.max(axis=-1) / ratios.min(axis=-1)).mean(axis=1))


def _cell(model: str, depth: int = DEEP) -> dict[str, Any]:
    return {"model": model, "hidden": [WIDTH] * depth}


_about = partial(Claim, study="remedies")
_of_errors = partial(
    _about,
    estimate=_gain,
    rule=ORDERING,
    unit="percentage points",
    figure="remedies_error",
    updates=BUDGET,
    select=at_chosen_rate,
    doubt=worse_at_an_edge,
)

_of_initial_gradients = partial(
    _about,
    estimate=_gradient_ratio,
    rule=MUCH,
    unit="ratio of norms",
    figure="remedies_gradients",
    updates=0,
    select=lowest_rate,
)


def _helps(name: str) -> Claim:
    remedy = REMEDIES[name]
    return _of_errors(
        id=f"remedies.helps.{name}",
        source=remedy.source,
        statement=f"{DEEP} hidden layers: {remedy.title} ends with a smaller test error than the"
        " plain net after as many updates",
        cells=(_cell("plain"), _cell(name)),
    )


def _stronger(name: str) -> Claim:
    remedy = REMEDIES[name]
    return _of_initial_gradients(
        id=f"remedies.gradient.{name}",
        source=remedy.source,
        statement=f"{DEEP} hidden layers: at the start, weight gradients with {remedy.title} are"
        " more than twice those of the plain net (geometric mean over layers)",
        cells=(_cell(name), _cell("plain")),
    )


def _alike(name: str) -> Claim:
    remedy = REMEDIES[name]
    return _about(
        id=f"remedies.updates_alike.{name}",
        source=remedy.source,
        statement=f"{DEEP} hidden layers: {remedy.title} changes all layers of equal width by about"
        " the same fraction of their weights",
        cells=(_cell(name),),
        estimate=_spread_of_updates,
        rule=ALIKE,
        unit="largest / smallest",
        figure="remedies_updates",
        updates=BUDGET,
        select=at_chosen_rate,
    )


CLAIMS = (
    *map(_helps, REMEDIES),
    *map(_stronger, STRONGER_SIGNAL),
    # each layer of an init with n Var W = 1/3 loses sqrt(3), and with ReLU another sqrt(2)
    _of_initial_gradients(
        id="remedies.gradient.relu_weaker",
        source="He et al. 2015, eq. 10, of an init that was made for tanh",
        statement=f"{DEEP} hidden layers: at the start, ReLU alone makes weight gradients less than"
        " half those of the plain net",
        cells=(_cell("plain"), _cell("relu")),
    ),
    *map(_alike, RESCALING),
    _of_errors(
        id="remedies.depth_hurts_plain",
        source=PLAIN.source,
        statement=f"Plain nets: {DEEP} hidden layers end with a larger test error than {SHALLOW}"
        " after as many updates",
        cells=(_cell("plain"), _cell("plain", SHALLOW)),
    ),
)
