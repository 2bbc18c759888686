"""What the linear theory of equations 5-7 predicts for an initial net, from layer to hidden layer.

It starts from one measured layer: activations from the first hidden layer on, deltas from the last
one down, so that neither the size of the data set's inputs nor its number of classes matters.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from depthgauge.report.cells import measured
from depthgauge.theory import (
    activation_variances,
    delta_variances,
    find_activation,
    initial_variances,
    mean_singular_value,
)

LINEAR = ("tanh", "softsign")
"""Activations with f(0) = 0 and f'(0) = 1, which the theory asks for."""


def predicted_spreads(net: xr.Dataset, variable: str) -> dict[int, float]:
    """Return the predicted standard deviation of `variable` by hidden layer; {} for a sigmoid.

    `variable` is activation_std, delta_std or weight_gradient_std; the last is predicted for layers
    from hidden units to hidden units.
    """
    config = net.attrs["config"]
    if config["activation"] not in LINEAR:
        return {}
    hidden = config["hidden"]
    weights = _between(config)
    layers = range(1, len(hidden) + 1)
    first = _start(net, "activation_std", 1)
    forward = np.concatenate([[first], activation_variances(hidden, weights, first)])
    # the weights into layer 1 play no part in what comes back to it
    widths, steps = [hidden[0], *hidden], np.concatenate([[0.0], weights])
    backward = delta_variances(widths, steps, _start(net, "delta_std", len(hidden)))
    found = {
        "activation_std": dict(zip(layers, np.sqrt(forward), strict=True)),
        "delta_std": dict(zip(layers, np.sqrt(backward), strict=True)),
        "weight_gradient_std": dict(
            zip(layers[1:], np.sqrt(forward[:-1] * backward[1:]), strict=True)
        ),
    }
    return {layer: float(spread) for layer, spread in found[variable].items()}


def predicted_singular_values(net: xr.Dataset) -> dict[int, float]:
    """Return the predicted mean singular value of da^l/da^{l-1}, l = 2, ..., for small signals."""
    config = net.attrs["config"]
    weights = _between(config)
    slope = float(find_activation(config["activation"]).slope(np.zeros(())))
    pairs = zip(config["hidden"][1:], weights, strict=True)
    return {
        layer: slope * mean_singular_value(width, float(variance))
        for layer, (width, variance) in enumerate(pairs, start=2)
    }


def _between(config: Mapping[str, Any]) -> np.ndarray:
    """Return Var w of the weights from hidden layer to hidden layer.

    An init may treat a net's first and last weights in another way, so those are drawn along; of
    what width the inputs and the outputs are makes no difference to the others.
    """
    hidden = config["hidden"]
    weights, _ = initial_variances(config["init"], [hidden[0], *hidden, hidden[-1]])
    return weights[1:-1]


def _start(net: xr.Dataset, variable: str, layer: int) -> float:
    return float((measured(net, variable).sel(layer=layer).astype(float) ** 2).mean())
