"""How close gradients come to bound (**), and whether identity (*) is one.

The formulas are theory's (depthgauge.theory.bounds); here they meet the tensors of a training.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from depthgauge.probes.gradients import Deltas, mean_bias_gradients, norms
from depthgauge.theory import bias_gradient_bound, rank_one_gap, spectral_norms, tightness

Weights = Sequence[Float[Tensor, "replica _ _"]]
"""w^1..w^L."""


def bound_readings(
    weights: Weights,
    deltas: Deltas,
    errors: Float[Tensor, "replica example unit"],
    gamma: float,
    output_gain: float,
) -> dict[str, Float[np.ndarray, "replica layer"]]:
    """Return the two sides of (**), layers 1..L, for examples and for their mean; float64.

    `errors` are a^L - y. `bound` is the right-hand side for the mean over the examples (cost per
    unit of bias) and `bound_tightness` the norm of the mean dC/db^l over it;
    `example_bound_tightness` is the largest |dC/db^l| of any example over the bound of its own.
    `spectral_norm` is |w^l|_2, by singular values. NaN for a replica that is not finite.
    """
    good = _finite(weights) & _finite(deltas)
    spectral = spectral_norms([_array(w, good) for w in weights])
    error = np.linalg.norm(_array(errors, good), axis=2)
    each = np.stack([np.linalg.norm(_array(delta, good), axis=2) for delta in deltas], axis=2)
    mean = _array(norms(mean_bias_gradients(deltas)), good)
    own = bias_gradient_bound(spectral[:, None], error, gamma, output_gain)
    bound = bias_gradient_bound(spectral, error.mean(axis=1), gamma, output_gain)
    readings = {
        "spectral_norm": spectral,
        "bound": bound,
        "bound_tightness": tightness(mean, bound),
        "example_bound_tightness": tightness(each, own).max(axis=1),
    }
    return {name: _blank(values, good) for name, values in readings.items()}


def identity_gaps(
    deltas: Deltas, inputs: Sequence[Float[Tensor, "replica example _"]], examples: int
) -> Float[np.ndarray, "replica layer"]:
    """Return by how much (*), |dC/dw^l| = |dC/db^l| |a^{l-1}|, is missed at most, relative.

    Over the first `examples` examples, each by itself, and over the Frobenius and the spectral
    norm. `inputs` are a^{l-1}, layers 1..L.
    """
    good = _finite(deltas)
    gaps = []
    for delta, a in zip(deltas, inputs, strict=True):
        d, before = delta[:, :examples], a[:, :examples]
        gradient = d.unsqueeze(3) * before.unsqueeze(2)  # dC/dw^l of single examples, BP4
        gap = rank_one_gap(_array(gradient, good), _array(d, good), _array(before, good))
        gaps.append(gap.max(axis=(1, 2)))
    return _blank(np.stack(gaps, axis=1), good)


def _finite(tensors: Sequence[Tensor]) -> Bool[np.ndarray, " replica"]:
    """Tell which replicas have finite entries alone."""
    finite = [each.isfinite().flatten(1).all(dim=1) for each in tensors]
    return torch.stack(finite).all(dim=0).cpu().numpy()


def _array(tensor: Tensor, good: np.ndarray) -> np.ndarray:
    """Return `tensor` in float64 on the host, replicas that are not finite as zeros."""
    values = tensor.detach().cpu().double().numpy()
    return np.where(good.reshape(-1, *[1] * (values.ndim - 1)), values, 0.0)


def _blank(values: np.ndarray, good: np.ndarray) -> np.ndarray:
    return np.where(good[:, None], values, np.nan)
