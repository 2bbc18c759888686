"""The claim of Glorot and Bengio, section 5: five layers beat support vectors on one sample."""

import xarray as xr

from depthgauge.claims.claim import Cells, Claim
from depthgauge.claims.convergence import validation_converged
from depthgauge.claims.glorot_error import UPDATES, unlike_the_paper
from depthgauge.claims.rates import at_chosen_rate, final_test_error
from depthgauge.claims.readings import series
from depthgauge.claims.rules import ordering
from depthgauge.claims.statistics import Values

PUBLISHED = {"svm": 59.47, "tanh_n": 50.47}
"""Test error in percent of support vectors and of a net of five hidden layers of Tanh N."""

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
            doubts.append(f"the {name} chosen for the support vectors, {value:g}, ends its grid")
    return cell.assign_attrs(rate_doubt="; ".join(doubts))


def _difference(cells: Cells) -> Values:
    """Test error of the support vectors minus the net's, seed by seed."""
    machine, net = (final_test_error(cell) for cell in cells)
    return machine - net


def _doubt(cells: Cells) -> str:
    """Return what sets sample, net or choices apart from the paper's, or ""."""
    size = cells[0].attrs["config"]["train_size"]
    small = f"{size:,} examples stand in for {SAMPLE:,}" if size < SAMPLE else ""
    return "; ".join(filter(None, (small, unlike_the_paper(cells))))


def _net_converged(cells: Cells) -> str:
    """Support vectors are not trained step by step; the net is."""
    return validation_converged(cells[1:])


CLAIMS = (
    Claim(
        id="glorot.svm.net_better",
        source="Glorot and Bengio 2010, section 5: 59.47 % and 50.47 % on 100,000 examples",
        statement="Shapeset-3x2: support vectors with a Gaussian kernel end with a larger test"
        " error than five hidden layers of Tanh N on the same examples",
        study="glorot_svm",
        cells=({"model": "svm"}, {"model": "tanh_n"}),
        estimate=_difference,
        rule=ordering(),
        unit="percentage points",
        figure="glorot_svm",
        updates=UPDATES,
        published=round(PUBLISHED["svm"] - PUBLISHED["tanh_n"], 2),
        dataset="shapeset",
        select=chosen,
        doubt=_doubt,
        convergence=_net_converged,
    ),
)
