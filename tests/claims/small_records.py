"""Records of a few seeds whose numbers are drawn at random: every place of them is different."""

import numpy as np
import xarray as xr

from depthgauge.studies.registry import CLAIMS

BY_ID = {claim.id: claim for claim in CLAIMS}


def small(*axes, seeds=3, config=None, coords=None, **variables):
    """A record of `variables`, each (seed, *axes), with config and coordinates as given."""
    found = {name: (("replica", *axes), np.asarray(values)) for name, values in variables.items()}
    coords = {"seed": ("replica", np.arange(seeds)), **(coords or {})}
    return xr.Dataset(found, coords, {"label": "a cell", "config": config or {}})


def positive(*shape, seed=0):
    """Numbers around 1 that spread by factors."""
    return np.exp(np.random.default_rng(seed).normal(size=shape))


def estimate(id, *cells):
    """What the claim's estimator makes of these cells, one number a seed."""
    return BY_ID[id].estimate(list(cells))
