"""Glorot and Bengio's Figs. 6-8, epoch 0 of Figs. 3 and 10, and section 4.2.2: initial nets."""

import numpy as np

from depthgauge.claims.claim import Cells
from depthgauge.claims.readings import series
from depthgauge.claims.statistics import Values
from depthgauge.theory import initial_variances

PEAK = 0.05
"""An activation this close to 0 belongs to the peak of Fig. 6."""

CENTRE = 0.1
"""The density of gradients at 0 is that of this part of their standard deviation to either side."""


def _initial(cells: Cells, variable: str, axis: str) -> Values:
    """The variable before the first step, (seed, layer), the output layer included."""
    return series(cells[0], variable, axis, "layer")[:, 0]


def hidden_ratio(values: Values) -> Values:
    """Return largest over smallest of the layers, (..., layer) -> (...,)."""
    return values.max(axis=-1) / values.min(axis=-1)


def least_peak_growth(cells: Cells) -> Values:
    """By how much the share close to 0 grows from layer to hidden layer, where it is least."""
    shares = series(cells[0], "activation_histogram", "activation_step", "layer", "activation_bin")
    close = np.abs(cells[0]["activation_bin"].to_numpy()) < PEAK
    return np.diff(shares[:, 0, :-1][..., close].sum(axis=-1)).min(axis=-1)


def more_alike(cells: Cells, variable: str, axis: str) -> Values:
    """How many times more unlike hidden layers spread in the first cell than in the second."""
    first, second = (_initial(cells[i : i + 1], variable, axis)[:, :-1] for i in (0, 1))
    return hidden_ratio(first) / hidden_ratio(second)


def least_delta_growth(cells: Cells) -> Values:
    """Log of the factor between delta's spreads in neighbouring hidden layers, the least one."""
    spreads = _initial(cells, "delta_std", "signal_step")[:, :-1]
    return np.diff(np.log(spreads)).min(axis=-1)


def square_weight_gradients(spreads: Values) -> Values:
    """Return the layers with as many inputs as units, (..., layer): not the first, not the last."""
    return spreads[..., 1:-1]


def weight_gradients_ratio(cells: Cells) -> Values:
    """Largest over smallest spread of dC/dw of the square layers, (seed,)."""
    spreads = _initial(cells, "weight_gradient_std", "signal_step")
    return hidden_ratio(square_weight_gradients(spreads))


def singular_value(cells: Cells) -> Values:
    """Mean over the Jacobians between hidden layers, (seed,)."""
    return _initial(cells, "jacobian_singular_value", "jacobian_step")[:, 1:-1].mean(axis=-1)


def singular_value_gain(cells: Cells) -> Values:
    """By how much the second cell's Jacobians stretch more than the first one's."""
    return singular_value(cells[1:]) - singular_value(cells[:1])


def epoch_0(cells: Cells, variable: str, layers: list[int]) -> Values:
    """An activation statistic of hidden layers 1, 2, ... before training, (seed, reading)."""
    return _initial(cells, variable, "activation_step")[:, [layer - 1 for layer in layers]]


def activation_peaks(cells: Cells, layers: list[int]) -> Values:
    """Density of activations at 0, (seed, reading): the two bins around it."""
    shares = series(cells[0], "activation_histogram", "activation_step", "layer", "activation_bin")
    widths = cells[0]["activation_bin_width"].to_numpy()
    middle = len(widths) // 2
    density = shares[:, 0, :, middle - 1 : middle + 1].sum(axis=-1) / widths[:2].sum()
    return density[:, [layer - 1 for layer in layers]]


def gradient_peaks(cells: Cells, histogram: str, layers: list[int]) -> Values:
    """Density at 0 of gradients summed over mini-batches, (seed, reading).

    Over CENTRE of each layer's standard deviation to either side, to the nearest bins.
    """
    shares = series(cells[0], histogram, "signal_step", "layer", "gradient_bin")[:, 0]
    centres, widths = (cells[0][name].to_numpy() for name in ("gradient_bin", "gradient_bin_width"))
    found = np.empty((len(shares), len(layers)))
    for reading, layer in enumerate(layers):
        for seed, share in enumerate(shares[:, layer - 1]):
            inside = np.abs(centres) < CENTRE * np.sqrt(share @ centres**2)
            found[seed, reading] = share[inside].sum() / widths[inside].sum()
    return found


def relative_gradient_peaks(
    cells: Cells, histogram: str, layers: list[int], reference: int
) -> Values:
    """The same over the density of layer `reference`: no unit of the figure is needed."""
    peaks = gradient_peaks(cells, histogram, [*layers, reference])
    return peaks[:, :-1] / peaks[:, -1:]


def relative_gradient_peak(cells: Cells, histogram: str, layer: int, reference: int) -> Values:
    """The same of one layer, (seed,)."""
    return relative_gradient_peaks(cells, histogram, [layer], reference)[:, 0]


def forward_factor(cells: Cells) -> Values:
    """Measured over linear theory's factor a layer of the spread of activations, (seed,).

    Geometric mean over the hidden layers behind the first. Source: equation 5.
    """
    spreads = _initial(cells, "activation_std", "activation_step")[:, :-1]
    return (spreads[:, -1] / spreads[:, 0]) ** (1 / (spreads.shape[1] - 1)) / _linear(cells)


def backward_factor(cells: Cells) -> Values:
    """The same of the spread of delta, toward the input. Source: equation 6."""
    spreads = _initial(cells, "delta_std", "signal_step")[:, :-1]
    return (spreads[:, 0] / spreads[:, -1]) ** (1 / (spreads.shape[1] - 1)) / _linear(cells)


def weight_gradient_factor(cells: Cells) -> Values:
    """Measured factor a layer of the spread of dC/dw, which theory has at 1. Source: equation 7."""
    spreads = square_weight_gradients(_initial(cells, "weight_gradient_std", "signal_step"))
    return (spreads[:, -1] / spreads[:, 0]) ** (1 / (spreads.shape[1] - 1))


def _linear(cells: Cells) -> float:
    """Square root of n Var W of a layer between equal hidden layers."""
    config = cells[0].attrs["config"]
    hidden = config["hidden"]
    variances, _ = initial_variances(config["init"], hidden)
    return float(np.sqrt(hidden[0] * variances[1]))
