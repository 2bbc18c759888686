"""Claims of Glorot and Bengio, Figs. 3, 4 and 10: how tanh and softsign layers saturate."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.readings import flags, series
from depthgauge.claims.rules import Rule, always, much, ordering
from depthgauge.claims.statistics import Values

STUDY = "glorot_saturation"
UPDATES = 5_000_000
CURVES, HISTOGRAMS = "glorot_saturation_percentiles", "glorot_saturation_histograms"
"""Figures of the report."""
HIGH = 0.95
"""A tanh or softsign layer whose 98th percentile of |a| is above this is saturated."""
PILE = (0.95, 1.0)
"""Where saturated tanh activations pile up, in modulus (Fig. 4, top)."""
BENT = (0.6, 0.8)
"""Where softsign activations sit, in modulus (Fig. 4, bottom)."""
SHARE = 1e-6
"""The least density that a ratio takes for one: three activations in 300,000, per bin."""


def hidden_activations(cells: Cells, variable: str) -> tuple[NDArray[np.int64], Values]:
    """Return the recorded steps, and `variable` of the first cell, (seed, step, hidden layer)."""
    steps = cells[0]["activation_step"].to_numpy()
    return steps, series(cells[0], variable, "activation_step", "layer")[..., :-1]


def first_steps(reached: NDArray[np.bool_], steps: NDArray[np.int64]) -> Values:
    """Return the first step at which `reached`, (seed, step, ...), is true; infinite if never."""
    first = steps[reached.argmax(axis=1)].astype(np.float64)
    return np.where(reached.any(axis=1), first, np.inf)


def _in_order(cells: Cells) -> Values:
    """1 where layer 1 saturates first, then layer 2, and so on; some may never, but not layer 1."""
    steps, tops = hidden_activations(cells, "modulus_percentile_98")
    times = first_steps(tops > HIGH, steps)
    later = (times[:, 1:] > times[:, :-1]) | np.isinf(times[:, 1:])
    return flags(later.all(axis=1) & np.isfinite(times[:, 0]), tops)


def _not_in_order(cells: Cells) -> Values:
    """1 where the layers do not saturate so."""
    return 1 - _in_order(cells)


def _final_percentiles(cells: Cells) -> Values:
    """98th percentiles after the last step, (seed, hidden layer)."""
    return hidden_activations(cells, "modulus_percentile_98")[1][:, -1]


def _less_at_the_end(cells: Cells) -> Values:
    """By how much the outermost hidden layer's 98th percentile is higher in the first cell."""
    first, second = (_final_percentiles(cells[i : i + 1]) for i in (0, 1))
    return first.max(axis=1) - second.max(axis=1)


def _more_together(cells: Cells) -> Values:
    """By how much more the layers' 98th percentiles differ at the end in the first cell."""
    first, second = (_final_percentiles(cells[i : i + 1]) for i in (0, 1))
    return np.ptp(first, axis=1) - np.ptp(second, axis=1)


def _final_density(cells: Cells, low: float, high: float) -> Values:
    """Share of activations per unit of |a| between `low` and `high` at the end, (seed, layer)."""
    cell = cells[0]
    shares = series(cell, "activation_histogram", "activation_step", "layer", "activation_bin")
    bins = np.abs(cell["activation_bin"].to_numpy())
    inside = (low < bins) & (bins < high)
    return shares[:, -1, :-1][..., inside].sum(axis=-1) / (high - low)


def _pile(cells: Cells) -> Values:
    """How much denser layer 1 is near -1 and 1 than where softsign sits."""
    pile, bent = (_final_density(cells, *part)[:, 0] for part in (PILE, BENT))
    return np.maximum(pile, SHARE) / np.maximum(bent, SHARE)


def _bent(cells: Cells) -> Values:
    """Density at 0.6-0.8 less the mean density outside of it, averaged over hidden layers."""
    bent = _final_density(cells, *BENT)
    share = bent * (BENT[1] - BENT[0])
    outside = (1 - share) / (1 - (BENT[1] - BENT[0]))
    return (bent - outside).mean(axis=1)


def _claim(
    id: str, models: tuple[str, ...], source: str, statement: str, rule: Rule
) -> partial[Claim]:
    """Return a claim about trained nets of five hidden layers, short of its estimate."""
    return partial(
        Claim,
        id=f"glorot.saturation.{id}",
        source=f"Glorot and Bengio 2010, {source}",
        statement=statement,
        study=STUDY,
        cells=tuple({"model": model} for model in models),
        rule=rule,
        updates=UPDATES,
        dataset="shapeset",
    )


CLAIMS = (
    _claim(
        "tanh_in_order",
        ("tanh",),
        "Fig. 3, tanh: layer 1 saturates first, then layer 2, and so on",
        f"tanh: the 98th percentile of |a| passes {HIGH} in layer 1 first, then in layer 2, and so"
        " on",
        always(),
    )(estimate=_in_order, unit="fraction of seeds", figure=CURVES),
    _claim(
        "softsign_less",
        ("tanh", "softsign"),
        "Fig. 3, bottom: softsign saturates less",
        "At the end the highest 98th percentile of a layer is lower with softsign than with tanh",
        ordering(),
    )(estimate=_less_at_the_end, unit="activation", figure=CURVES),
    _claim(
        "softsign_together",
        ("softsign",),
        "Fig. 3, bottom: softsign layers move together, not one after the other as tanh's do",
        f"softsign: the 98th percentile of |a| does not pass {HIGH} in one layer after the other",
        always(),
    )(estimate=_not_in_order, unit="fraction of seeds", figure=CURVES),
    _claim(
        "tanh_n_together",
        ("tanh", "tanh_n"),
        "Fig. 10: tanh layers with the normalized init move together",
        "At the end the layers' 98th percentiles differ less with the normalized init",
        ordering(),
    )(estimate=_more_together, unit="activation", figure=CURVES),
    _claim(
        "tanh_piles_up",
        ("tanh",),
        "Fig. 4, top: tanh activations of the lower layers pile up at -1 and 1",
        "At the end layer 1 of the tanh net is over twice as dense above 0.95 in modulus as at"
        " 0.6-0.8",
        much(),
    )(estimate=_pile, unit="ratio of densities", figure=HISTOGRAMS),
    _claim(
        "softsign_bent",
        ("softsign",),
        "Fig. 4, bottom: many softsign activations around 0.6-0.8 in modulus",
        "At the end softsign activations are denser at 0.6-0.8 in modulus than elsewhere",
        ordering(),
    )(estimate=_bent, unit="share per unit", figure=HISTOGRAMS),
)
