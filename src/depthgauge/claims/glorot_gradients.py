"""Claims of Glorot and Bengio, Fig. 9: weight gradients of different layers over training."""

from functools import partial

import numpy as np

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.glorot_init import hidden_ratio, square_weight_gradients
from depthgauge.claims.readings import series
from depthgauge.claims.rules import Rule, alike, apart, ordering
from depthgauge.claims.statistics import Values

STUDY = "glorot_gradients"
UPDATES = 5_000_000


def _ratios(cells: Cells) -> Values:
    """Largest over smallest spread of dC/dw of layers from 1,000 to 1,000, (seed, step)."""
    spreads = series(cells[0], "weight_gradient_std", "signal_step", "layer")
    return hidden_ratio(square_weight_gradients(spreads))


def _last(cells: Cells) -> Values:
    return _ratios(cells)[:, -1]


def _median(cells: Cells) -> Values:
    """The median ratio over the recorded steps: in Fig. 9 one epoch in five is above 1.5."""
    return np.median(_ratios(cells), axis=1)


def _closer(cells: Cells) -> Values:
    """By how much the last ratio of the first cell is above that of the second."""
    return _last(cells[:1]) - _last(cells[1:])


def _claim(id: str, models: tuple[str, ...], statement: str, rule: Rule) -> partial[Claim]:
    return partial(
        Claim,
        id=f"glorot.gradients.{id}",
        source="Glorot and Bengio 2010, Fig. 9: spread of weight gradients over training",
        statement=f"{statement} (layers from 1,000 to 1,000, tanh)",
        study=STUDY,
        cells=tuple({"model": model} for model in models),
        rule=rule,
        unit="ratio",
        figure="glorot_gradients",
        updates=UPDATES,
        dataset="shapeset",
    )


CLAIMS = (
    _claim(
        "standard_apart",
        ("tanh",),
        "With the standard init the layers' weight gradients have drifted apart at the end",
        apart(),
    )(estimate=_last),
    _claim(
        "normalized_together",
        ("tanh_n",),
        "With the normalized init the layers' weight gradients are alike at half of the recorded"
        " steps",
        alike(),
    )(estimate=_median),
    _claim(
        "closer",
        ("tanh", "tanh_n"),
        "At the end the layers' weight gradients are closer with the normalized init",
        ordering(),
    )(estimate=_closer),
)
