"""The claim of Fig. 5 is seen to hold, to fail and to stay open."""

import numpy as np
import pytest
from cost_surface_records import CONTRARY, EQUAL, PUBLISHED, record

from depthgauge.claims.judging import judge
from depthgauge.studies.glorot.cost_surface import plateau_share
from depthgauge.studies.registry import CLAIMS as ALL

CLAIMS = [claim for claim in ALL if claim.id == "glorot.cost_surface.plateau"]


@pytest.mark.parametrize(
    ("world", "expected"),
    [(PUBLISHED, "holds"), (CONTRARY, "fails"), (EQUAL, "inconclusive")],
)
def test_verdict_follows_the_shares(world, expected):
    """More plateau for the quadratic cost, less, and about as much."""
    (found,) = judge({"glorot_cost_surface": [record(world)]}, CLAIMS)
    assert found["verdict"] == expected, found["reason"]
    assert found["n"] == 40


def test_stays_open_without_numbers():
    """No record, one seed, and surfaces with holes decide nothing."""
    holes = record(PUBLISHED)
    holes["slope_nll"][:, 3] = np.nan
    for cells, reason in (
        ([], "not run"),
        ([record(PUBLISHED, seeds=1)], "1 usable seeds"),
        ([holes], "finite"),
    ):
        (found,) = judge({"glorot_cost_surface": cells}, CLAIMS)
        assert found["verdict"] == "inconclusive" and reason in found["reason"]


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e6])
def test_the_measure_has_no_unit(unit):
    """A third of the plane is flat, whatever the cost is measured in."""
    cell = record({"nll": (1 / 3, 0.0)})
    cell["slope_nll"], cell["surface_nll"] = unit * cell["slope_nll"], unit * cell["surface_nll"]
    assert plateau_share(cell, "nll") == pytest.approx(1 / 3)


def test_flat_is_a_tenth_of_range_over_side():
    """Slopes just below and just above the limit: range 10 over side 8, a tenth of it 0.125."""
    cell = record({"nll": (0.0, 0.0)}, seeds=1)
    height = np.linspace(0, 10, 21)[:, None] * np.ones(21)
    cell["surface_nll"][0] = height
    for slope, share in ((0.124, 1), (0.126, 0)):
        cell["slope_nll"][:] = slope
        assert plateau_share(cell, "nll").tolist() == [share]
