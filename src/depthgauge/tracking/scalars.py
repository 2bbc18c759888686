"""The numbers to sort runs by, under the same names in every study, each with its interval."""

from collections.abc import Iterator

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from depthgauge.tracking.curves import Points, converged, is_curve, last_step, mean

ACCURACY, COST = "accuracy", "cost"
DECADES, DECADES_INITIAL = "gradient_decades", "gradient_decades_initial"

SPLITS = ("test", "validation", "train")
"""In this order: the first that the study measures."""

GRADIENTS = ("delta_rms", "bias_gradient_norm", "weight_gradient_std", "chain_bias_gradient")
"""In this order: the first that the study measures (docs/records.md)."""


def scalars(record: xr.Dataset) -> Points:
    """Return a record's final numbers as points at its last step, and how many seeds diverged.

    Of one learning rate; what the study does not measure is absent.
    """
    at = np.array([last_step(record)])
    diverged = int((record["diverged_at"].values >= 0).sum())
    found = {"n_diverged": (at, np.array([float(diverged)]))}
    for name, values in of_each_seed(record).items():
        value = float(mean(values))
        if np.isfinite(value):
            found[name] = (at, np.array([value]))
    return found


def of_each_seed(record: xr.Dataset) -> dict[str, np.ndarray]:
    """Return the final numbers of each seed that did not diverge, by name: arrays (replica).

    `accuracy`, a fraction of the test images, and `cost`, their mean cost: of the validation or
    training images where no test image is looked at; `cost` else on the images of the gradients.
    `gradient_decades`: log10 of the gradient of layer 1 over that of the last hidden layer, at the
    last reading; at the first, `gradient_decades_initial`. Negative: it vanishes.
    """
    kept = converged(record)
    return dict([*_accuracy_and_cost(kept), *_decades(kept)]) if kept.sizes["replica"] else {}


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % t interval of the mean of `values`, one a seed.

    mean -+ t(0.975, n - 1) s / sqrt(n), s with n - 1; NaN for less than two seeds.
    """
    n = len(values)
    if n < 2:
        return np.nan, np.nan
    half = stdtrit(n - 1, 0.975) * values.std(ddof=1) / np.sqrt(n)
    return float(mean(values) - half), float(mean(values) + half)


def _accuracy_and_cost(record: xr.Dataset) -> Iterator[tuple[str, np.ndarray]]:
    names = {
        ACCURACY: [f"accuracy_{split}" for split in SPLITS],
        COST: [*(f"cost_{split}" for split in SPLITS), "probe_cost"],
    }
    for name, variables in names.items():
        measured = [each for each in variables if each in record and is_curve(record[each])]
        if measured:
            yield name, record[measured[0]].values[:, -1].astype(np.float64)


def _decades(record: xr.Dataset) -> Iterator[tuple[str, np.ndarray]]:
    measured = [each for each in GRADIENTS if each in record and "layer" in record[each].dims]
    depth = len(record.attrs["config"]["hidden"])
    if not measured or depth < 2:
        return
    gradient = record[measured[0]].values.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        decades = np.log10(gradient[..., 0] / gradient[..., depth - 1])
    yield DECADES, decades if decades.ndim == 1 else decades[:, -1]
    yield DECADES_INITIAL, decades if decades.ndim == 1 else decades[:, 0]
