"""Nielsen, ch. 5: mini-batches give "much noisier (albeit very similar)" curves.

Each compares the run in mini-batches of 10 with the full-batch run from the same initial weights,
by the same variable of both records: what a step's own batch says for the noise; for the averaged
curve the gradient vector averaged over windows of steps.
"""

import numpy as np
import xarray as xr

from depthgauge.claims.claim import Cells
from depthgauge.claims.readings import flags, hidden_speeds, ratios_to_next, window_ends
from depthgauge.claims.statistics import Values


def _roughness(speeds: Values) -> Values:
    """Return the typical jump of the log speed from step to step, (seed, layer).

    The root mean square of successive differences, so a slow trend adds next to nothing; over
    sqrt(2) it would be the noise itself. Source: von Neumann et al., Ann. Math. Stat. 12 (1941).
    """
    return np.sqrt((np.diff(np.log(speeds), axis=1) ** 2).mean(axis=1))


def _own_speeds(cell: xr.Dataset) -> Values:
    """Speeds by each step's own batch; no batch belongs to the last state, which drives no step."""
    return hidden_speeds(cell, "batch_bias_gradient_norm")[:, :-1]


def noise_ratio(cells: Cells) -> Values:
    """Roughness of the mini-batch run over the full-batch run's: the layer where it is least."""
    mini, full = (_roughness(_own_speeds(cell)) for cell in cells)
    return (mini / full).min(axis=1)


def typical_discrepancy(cells: Cells) -> Values:
    """Geometric mean, over windows and layers, of the factor between the averaged curves (>= 1).

    Both runs are averaged in the same way, so what the window smooths it smooths in both. Windows
    do not overlap. Noise that the averaging leaves (the norm of a mean of K noisy vectors has a
    floor of about noise / sqrt(K); none if a window is a whole pass over the images) is not taken
    off and counts against the claim.
    """
    mini, full = (np.log(window_ends(cell)) for cell in cells)
    return np.exp(np.abs(mini - full).mean(axis=(1, 2)))


def slower_when_averaged(cells: Cells) -> Values:
    """1 where each hidden layer of the mini-batch run is slower than the next in every window."""
    ratios = ratios_to_next(window_ends(cells[0]))
    return flags(ratios > 1, ratios)
