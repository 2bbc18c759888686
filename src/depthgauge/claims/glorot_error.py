"""Claims of Glorot and Bengio, Table 1 and Figs. 11 and 12: test error five layers deep."""

from functools import partial
from itertools import combinations

import numpy as np
import xarray as xr

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.convergence import cut_short, validation_converged
from depthgauge.claims.number_rules import published_number
from depthgauge.claims.rates import at_chosen_rate, final_test_error
from depthgauge.claims.readings import series
from depthgauge.claims.rules import ordering
from depthgauge.claims.small_sets import few_test_images
from depthgauge.claims.statistics import Values

MODELS = {
    "sigmoid": ("sigmoid", "glorot_standard"),
    "tanh": ("tanh", "glorot_standard"),
    "softsign": ("softsign", "glorot_standard"),
    "softsign_n": ("softsign", "glorot_normalized"),
    "tanh_n": ("tanh", "glorot_normalized"),
}
"""Model -> its activation and initialization; N stands for the normalized one."""

NAMES = {
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "softsign": "Softsign",
    "softsign_n": "Softsign N",
    "tanh_n": "Tanh N",
}
"""As Table 1 writes them."""

PUBLISHED = {
    "shapeset": {
        "softsign": 16.27,
        "softsign_n": 16.06,
        "tanh": 27.15,
        "tanh_n": 15.60,
        "sigmoid": 82.61,
    },
    "mnist": {
        "softsign": 1.64,
        "softsign_n": 1.72,
        "tanh": 1.76,
        "tanh_n": 1.64,
        "sigmoid": 2.21,
    },
    "cifar10": {
        "softsign": 55.78,
        "softsign_n": 53.8,
        "tanh": 55.9,
        "tanh_n": 52.92,
        "sigmoid": 57.28,
    },
    "imagenet": {
        "softsign": 69.14,
        "softsign_n": 68.13,
        "tanh": 70.58,
        "tanh_n": 68.57,
        "sigmoid": 70.66,
    },
}
"""Table 1: test error in percent, "using 5 hidden layers", the sigmoid too.

Fig. 11 draws two sigmoid nets: the one of depth 5 stays at 83.4 %, that of depth 4 ends at 35.4 %.
"""

TITLES = {
    "shapeset": "Shapeset-3x2",
    "mnist": "MNIST",
    "cifar10": "CIFAR-10",
    "imagenet": "Small-ImageNet",
    "tiny_imagenet": "Small-ImageNet from Tiny-ImageNet",
}

SPREADS = {"shapeset": 11.55, "mnist": 0.57, "cifar10": 4.36, "imagenet": 2.53}
"""Percentage points between the least and the largest error of a column of Table 1; on Shapeset
without the sigmoid. A prediction interval whose half is wider tells no model from another."""

SEPARATED = {"shapeset": 1.5, "mnist": 0.5, "cifar10": 2.0, "imagenet": 1.8}
"""Differences that the table itself takes for real: bold entries differ from the others "under the
null hypothesis test with p = 0.005", which with 10,000 test images is about so many points. Nothing
is said of two models that are closer."""

WIDTH = 1000
"""Units of each hidden layer."""

UPDATES = 2_500_000
"""Figs. 11 and 12 end at 2.5e7 examples, in mini-batches of 10, at the errors of Table 1."""

CURVES = {
    "shapeset": "glorot_error_curves_11",
    "mnist": "glorot_error_curves_12",
    "cifar10": "glorot_error_curves_12",
}
"""Data set -> our figure of test error against updates, with the number of the paper's."""


def _one_error(cells: Cells) -> Values:
    return final_test_error(cells[0])


def _difference(cells: Cells) -> Values:
    """Test error of the first cell minus that of the second, seed by seed."""
    first, second = (final_test_error(cell) for cell in cells)
    return first - second


def _difference_of_gains(cells: Cells) -> Values:
    """(first - second) - (third - fourth) of four test errors, seed by seed."""
    return _difference(cells[:2]) - _difference(cells[2:])


def _difference_on_the_way(cells: Cells) -> Values:
    """Test error of the first cell minus that of the second, averaged over the updates."""
    first, second = (_mean_over_updates(cell) for cell in cells)
    return first - second


def _mean_over_updates(cell: xr.Dataset) -> Values:
    steps = cell["evaluation_step"].to_numpy()
    error = 100 * (1 - series(cell, "accuracy_test", "evaluation_step"))
    return np.trapezoid(error, steps, axis=1) / (steps[-1] - steps[0])


def unlike_the_paper(cells: Cells) -> str:
    """Return what sets nets, test images or learning rate apart from the paper's, or ""."""
    widths = {width for cell in cells for width in cell.attrs["config"]["hidden"]}
    narrow = (
        f"hidden layers of {_span(widths)} units stand in for {WIDTH:,}"
        if max(widths) < WIDTH
        else ""
    )
    doubts = [narrow, few_test_images(cells), *(cell.attrs["rate_doubt"] for cell in cells)]
    return "; ".join(doubt for doubt in doubts if doubt)


def _span(widths: set[int]) -> str:
    low, high = min(widths), max(widths)
    return str(low) if low == high else f"{low} to {high}"


def _claim(
    id: str, dataset: str, source: str, statement: str, models: tuple[str, ...]
) -> partial[Claim]:
    """Return a claim about these models on a data set, short of its estimate and rule."""
    keys = (MODELS[model] for model in models)
    return partial(
        Claim,
        id=f"glorot.error.{id}",
        source=f"Glorot and Bengio 2010, {source}",
        statement=f"{TITLES[dataset]}: {statement}",
        study="glorot_error",
        cells=tuple({"activation": activation, "init": init} for activation, init in keys),
        figure="glorot_error_table",
        updates=UPDATES,
        dataset=dataset,
        select=at_chosen_rate,
        doubt=unlike_the_paper,
        convergence=validation_converged,
    )


def _number(dataset: str, model: str) -> Claim:
    error = PUBLISHED[dataset][model]
    statement = (
        f"{NAMES[model]} with 5 hidden layers of {WIDTH:,} errs on {error:g} % of the test images"
    )
    return _claim(f"{dataset}.{model}", dataset, "Table 1", statement, (model,))(
        estimate=_one_error,
        rule=published_number("logit", width=SPREADS[dataset]),
        unit="%",
        published=error,
    )


def _stand_in(dataset: str) -> str:
    """Orderings on ImageNet are judged on the subset that everyone can fetch."""
    return "tiny_imagenet" if dataset == "imagenet" else dataset


def _order(dataset: str, worse: str, better: str) -> Claim:
    errors = PUBLISHED[dataset]
    source = f"Table 1, {_figure(dataset)}" if dataset in CURVES else "Table 1"
    return _claim(
        f"{dataset}.{worse}_above_{better}",
        _stand_in(dataset),
        source,
        f"{NAMES[worse]} ends with a larger test error than {NAMES[better]}",
        (worse, better),
    )(
        estimate=_difference,
        rule=ordering(),
        unit="percentage points",
        published=round(errors[worse] - errors[better], 2),
    )


def _orders(dataset: str) -> list[Claim]:
    """Return a claim for each pair of models that Table 1 itself tells apart."""
    errors = PUBLISHED[dataset]
    falling = sorted(errors, key=lambda model: -errors[model])
    return [
        _order(dataset, worse, better)
        for worse, better in combinations(falling, 2)
        if errors[worse] - errors[better] > SEPARATED[dataset]
    ]


def _robust(dataset: str) -> Claim:
    errors = PUBLISHED[dataset]
    gains = [errors[each] - errors[f"{each}_n"] for each in ("tanh", "softsign")]
    return _claim(
        f"{dataset}.softsign_robust",
        _stand_in(dataset),
        'section 5: "The softsign networks seem to be more robust to the initialization procedure'
        ' than the tanh networks"',
        "the normalized initialization takes more off the test error of Tanh than of Softsign",
        ("tanh", "tanh_n", "softsign", "softsign_n"),
    )(
        estimate=_difference_of_gains,
        rule=ordering(),
        unit="percentage points",
        published=round(gains[0] - gains[1], 2),
    )


def _figure(dataset: str) -> str:
    return f"Fig. {CURVES[dataset][-2:]}"


def _slower(dataset: str) -> Claim:
    return _claim(
        f"{dataset}.tanh_slower",
        dataset,
        f'{_figure(dataset)}; section 5: "converging more slowly"',
        "averaged over all updates, Tanh has a larger test error than Tanh N",
        ("tanh", "tanh_n"),
    )(
        estimate=_difference_on_the_way,
        rule=ordering(),
        unit="percentage points",
        convergence=cut_short,
        figure=CURVES[dataset],
    )


CLAIMS = (
    *(_number(dataset, model) for dataset, errors in PUBLISHED.items() for model in errors),
    *(each for dataset in PUBLISHED for each in _orders(dataset)),
    *(_robust(dataset) for dataset in PUBLISHED),
    *(_slower(dataset) for dataset in CURVES),
)
