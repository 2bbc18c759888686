"""What mean field predicts for a record's networks, from their config and their inputs alone."""

from functools import lru_cache

import numpy as np
import xarray as xr

from depthgauge.claims.judgement import UndecidableError
from depthgauge.claims.readings import series
from depthgauge.theory import gradient_profile, initial_variances, length_profile
from depthgauge.theory.arrays import Array

PIXELS, CLASSES = 784, 10
"""Of MNIST; a record's config does not hold them."""


def predicted_profile(cell: xr.Dataset) -> Array:
    """Return |delta^l| over that of the last hidden layer, hidden layers from the input on.

    For the initial nets: no simulation, no fit. Raises UndecidableError for a record without
    `input_square`, whose first entry is the mean square of the images.
    """
    images = series(cell, "input_square", "gradient_step", "layer")[0, 0, 0]
    if not np.isfinite(images):
        raise UndecidableError("the mean square of the images is not finite")
    config = cell.attrs["config"]
    return _profile(config["activation"], config["init"], tuple(config["hidden"]), float(images))


def measured_profile(cell: xr.Dataset) -> Array:
    """Return the same as measured before training, (seed, hidden layer)."""
    hidden = series(cell, "delta_rms", "gradient_step", "layer")[:, 0, :-1]
    return hidden / hidden[:, -1:]


def slope(profile: Array) -> Array:
    """Return the geometric mean factor a layer toward the input of profiles (..., layer)."""
    return profile[..., 0] ** (-1 / (profile.shape[-1] - 1))


@lru_cache(maxsize=64)
def _profile(activation: str, init: str, hidden: tuple[int, ...], images: float) -> Array:
    widths = [PIXELS, *hidden, CLASSES]
    variances, bias_variance = initial_variances(init, widths)
    spreads = np.array(widths[:-1]) * variances
    lengths = length_profile(images, activation, spreads, bias_variance)
    hidden_layers = gradient_profile(lengths, activation, spreads)[:-1]
    return hidden_layers / hidden_layers[-1]
