"""Claims of Glorot and Bengio, Figs. 6-8 and 4.2.2: signal and gradient before any training."""

from functools import partial

import numpy as np

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.number_rules import about
from depthgauge.claims.readings import series
from depthgauge.claims.rules import Rule, alike, much, ordering
from depthgauge.claims.statistics import Values

STUDY = "glorot_init"
DATASETS = ("shapeset", "mnist", "imagenet_sample")
"""The figures show Shapeset; section 4.2.2 calls the other sets "qualitatively similar"."""
INITS = {"tanh": "standard", "tanh_n": "normalized"}

PEAK = 0.05
"""An activation this close to 0 belongs to the peak of Fig. 6."""


def _initial(cells: Cells, variable: str, axis: str) -> Values:
    """The variable before the first step, (seed, layer), the output layer included."""
    return series(cells[0], variable, axis, "layer")[:, 0]


def hidden_ratio(values: Values) -> Values:
    """Return largest over smallest of the layers, (..., layer) -> (...,)."""
    return values.max(axis=-1) / values.min(axis=-1)


def _least_peak_growth(cells: Cells) -> Values:
    """By how much the share close to 0 grows from layer to hidden layer, where it is least."""
    shares = series(cells[0], "activation_histogram", "activation_step", "layer", "activation_bin")
    close = np.abs(cells[0]["activation_bin"].to_numpy()) < PEAK
    return np.diff(shares[:, 0, :-1][..., close].sum(axis=-1)).min(axis=-1)


def _more_alike(cells: Cells, variable: str, axis: str) -> Values:
    """How many times larger the ratio of the layers' spreads is in the first cell's nets."""
    first, second = (
        hidden_ratio(_initial(cells[i : i + 1], variable, axis)[:, :-1]) for i in (0, 1)
    )
    return first / second


def _activations_alike(cells: Cells) -> Values:
    return _more_alike(cells, "activation_std", "activation_step")


def _least_delta_growth(cells: Cells) -> Values:
    """Log of the factor between delta's spreads in neighbouring hidden layers, the least one."""
    spreads = _initial(cells, "delta_std", "signal_step")[:, :-1]
    return np.diff(np.log(spreads)).min(axis=-1)


def _deltas_alike(cells: Cells) -> Values:
    return _more_alike(cells, "delta_std", "signal_step")


def square_weight_gradients(spreads: Values) -> Values:
    """Return the layers with as many inputs as units, (..., layer): not the first, not the last."""
    return spreads[..., 1:-1]


def _weight_gradients_ratio(cells: Cells) -> Values:
    spreads = _initial(cells, "weight_gradient_std", "signal_step")
    return hidden_ratio(square_weight_gradients(spreads))


def _singular_value(cells: Cells) -> Values:
    """Mean over the Jacobians between hidden layers."""
    return _initial(cells, "jacobian_singular_value", "jacobian_step")[:, 1:-1].mean(axis=-1)


def _singular_value_gain(cells: Cells) -> Values:
    """By how much the second cell's Jacobians stretch more than the first one's."""
    return _singular_value(cells[1:]) - _singular_value(cells[:1])


def _claim(
    id: str, dataset: str, models: tuple[str, ...], source: str, statement: str, rule: Rule
) -> partial[Claim]:
    """Return a claim about initial tanh nets, short of its estimate."""
    return partial(
        Claim,
        id=f"glorot.init.{dataset}.{id}",
        source=f"Glorot and Bengio 2010, {source}",
        statement=f"{statement} (five hidden tanh layers of 1,000)",
        study=STUDY,
        cells=tuple({"model": model, "hidden": [1000] * 5} for model in models),
        rule=rule,
        updates=0,
        dataset=dataset,
    )


def _shapes(dataset: str) -> tuple[Claim, ...]:
    """Return the claims about spreads and histograms on one data set."""
    return (
        _claim(
            "activation_peak",
            dataset,
            ("tanh",),
            "Fig. 6, standard init: the peak at 0 grows with depth",
            f"With the standard init each layer has more activations within {PEAK} of 0 than the"
            " one before (the pair where they differ least)",
            ordering(),
        )(estimate=_least_peak_growth, unit="share", figure="glorot_init_activations"),
        _claim(
            "activation_alike",
            dataset,
            ("tanh", "tanh_n"),
            "Fig. 6, normalized init: alike over layers, beside the standard one",
            "Largest over smallest spread of activations over the hidden layers is more than twice"
            " as large with the standard init as with the normalized one",
            much(),
        )(estimate=_activations_alike, unit="ratio of ratios", figure="glorot_init_variances"),
        _claim(
            "delta_shrinks",
            dataset,
            ("tanh",),
            "Fig. 7, standard init: back-propagated gradients shrink toward the input",
            "With the standard init delta spreads less in each hidden layer than in the next (the"
            " pair where they differ least)",
            ordering(),
        )(estimate=_least_delta_growth, unit="log of a factor", figure="glorot_init_deltas"),
        _claim(
            "delta_alike",
            dataset,
            ("tanh", "tanh_n"),
            "Fig. 7, normalized init: alike over layers, beside the standard one",
            "Largest over smallest spread of delta over the hidden layers is more than twice as"
            " large with the standard init as with the normalized one",
            much(),
        )(estimate=_deltas_alike, unit="ratio of ratios", figure="glorot_init_variances"),
        *(_weight_gradients(dataset, model) for model in INITS),
    )


def _weight_gradients(dataset: str, model: str) -> Claim:
    return _claim(
        f"weight_gradient_alike.{model}",
        dataset,
        (model,),
        "Fig. 8: weight gradients are alike over layers, whatever the init (their surprise)",
        f"With the {INITS[model]} init dC/dw spreads alike over the layers from 1,000 to 1,000",
        alike(),
    )(estimate=_weight_gradients_ratio, unit="ratio", figure="glorot_init_weight_gradients")


def _jacobians(dataset: str) -> tuple[Claim, ...]:
    """Return the claims about the Jacobians between hidden layers on one data set."""
    source = "section 4.2.2: average singular value around 0.8 normalized, 0.5 standard"
    close = tuple(
        _claim(
            f"singular_value.{model}",
            dataset,
            (model,),
            source,
            f"With the {INITS[model]} init the mean singular value of da^(l+1)/da^l is {published}",
            about(0.15),
        )(
            estimate=_singular_value,
            unit="singular value",
            published=published,
            figure="glorot_init_jacobians",
        )
        for model, published in (("tanh", 0.5), ("tanh_n", 0.8))
    )
    more = _claim(
        "singular_value.order",
        dataset,
        ("tanh", "tanh_n"),
        source,
        "The mean singular value is larger with the normalized init than with the standard one",
        ordering(),
    )(estimate=_singular_value_gain, unit="singular value", figure="glorot_init_jacobians")
    return (*close, more)


CLAIMS = tuple(claim for dataset in DATASETS for claim in (*_shapes(dataset), *_jacobians(dataset)))
