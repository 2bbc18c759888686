"""Synthetic surfaces of Fig. 5: a slope beside a plain, whose share of the plane is known."""

import numpy as np
import xarray as xr

from depthgauge.config import Experiment, Surface, plain

POINTS = np.linspace(-4, 4, 21)


def record(shares: dict[str, tuple[float, float]], seeds: int = 40) -> xr.Dataset:
    """Return surfaces that are a plain in a share of the plane: (mean, spread) over seeds."""
    experiment = Experiment(procedure="surfaces", hidden=[10], activation="tanh", surface=Surface())
    axes = ("replica", "first_weight", "second_weight")
    variables = {}
    for stream, (cost, (mean, spread)) in enumerate(shares.items()):
        random = np.random.default_rng(stream)
        share = np.clip(mean + spread * random.standard_normal(seeds), 0, 1)
        plain_rows = np.arange(21) < np.round(21 * share)[:, None]
        steep = np.where(plain_rows, 0.0, 1.0)[..., None] * np.ones(21)
        variables[f"slope_{cost}"] = (axes, steep)
        variables[f"surface_{cost}"] = (axes, np.cumsum(steep, axis=1) * 0.4)
    return xr.Dataset(
        {**variables, "diverged_at": ("replica", np.full(seeds, -1))},
        {
            "seed": ("replica", np.arange(seeds)),
            "learning_rate": ("replica", np.full(seeds, 0.1)),
            "first_weight": POINTS,
            "second_weight": POINTS,
        },
        {
            "study": "glorot_cost_surface",
            "scale": "quick",
            "label": "hidden=[10]",
            "axes": {"hidden": [10]},
            "config": plain(experiment),
            "position": 0,
            "data": {"name": "mnist", "hash": "synthetic"},
        },
    )


PUBLISHED = {"nll": (0.2, 0.05), "softmax_quadratic": (0.4, 0.05)}
CONTRARY = {"nll": (0.4, 0.05), "softmax_quadratic": (0.2, 0.05)}
EQUAL = {"nll": (0.3, 0.1), "softmax_quadratic": (0.3, 0.1)}
