"""Glorot and Bengio, section 5: five layers and support vectors on one sample."""

import xarray as xr

from depthgauge.claims.claim import Cells
from depthgauge.claims.convergence import validation_converged
from depthgauge.claims.rates import at_chosen_rate
from depthgauge.claims.readings import series
from depthgauge.studies.glorot.errors import unlike_the_paper

SAMPLE = 100_000
"""Shapeset examples that both learned from."""


def chosen(cell: xr.Dataset) -> xr.Dataset:
    """Return a net at its chosen rate; support vectors whole, with doubts about C and gamma."""
    if "chosen_c" not in cell:
        return at_chosen_rate(cell)
    grid, doubts = cell.attrs["config"]["support_vectors"], []
    for name in ("c", "gamma"):
        value = float(series(cell, f"chosen_{name}")[0])
        if value in (min(grid[name]), max(grid[name])):
            doubts.append(
                f"the {name} chosen for the support vectors, {value:g}, is at the end of its grid"
            )
    return cell.assign_attrs(rate_doubt="; ".join(doubts))


def unlike_the_sample(cells: Cells) -> str:
    """Return what sets sample, nets or choices apart from the paper's, or ""."""
    nets = [cell for cell in cells if "chosen_c" not in cell]
    machines = [cell.attrs["rate_doubt"] for cell in cells if "chosen_c" in cell]
    doubts = [_small_sample(cells), *machines, unlike_the_paper(nets) if nets else ""]
    return "; ".join(doubt for doubt in doubts if doubt)


def _small_sample(cells: Cells) -> str:
    size = cells[0].attrs["config"]["train_size"]
    return f"{size:,} examples stand in for {SAMPLE:,}" if size < SAMPLE else ""


def net_converged(cells: Cells) -> str:
    """Support vectors are not trained step by step; the net, the last cell, is."""
    return validation_converged(cells[-1:])
