"""A claim that needs no updates is about nets before training, or about any state of a net."""

import numpy as np
import pytest

from depthgauge.claims.judging import judge
from depthgauge.studies.registry import CLAIMS
from report.report_records import small

OF_ANY_STATE = (
    *("milman.identity", "milman.bound.examples", "milman.bound.means"),  # theorems
    *("nielsen.capacity.identity_keeps",),  # an identity layer behind any trained net
)

INITIAL = [claim for claim in CLAIMS if not claim.updates and claim.id not in OF_ANY_STATE]


def later(record, random):
    """The record as it would be had the net moved otherwise after the first reading of each."""
    changed = record.copy(deep=True)
    for name, values in changed.data_vars.items():
        axes = [axis for axis in values.dims if str(axis).endswith("_step")]
        if axes and values.sizes[axes[0]] > 1 and values.dtype.kind == "f":
            rest = {axes[0]: slice(1, None)}
            factors = np.exp(random.uniform(-4, 4, values.isel(rest).shape))
            changed[name][rest] = values.isel(rest) * factors
    return changed


@pytest.fixture(scope="module")
def both():
    """Verdicts on records, and on the same ones with other numbers after the start."""
    found, random = small(5), np.random.default_rng(2)
    moved = {name: [later(each, random) for each in cells] for name, cells in found.items()}
    return [{each["id"]: each for each in judge(side, CLAIMS)} for side in (found, moved)]


def test_what_happens_in_training_is_nothing_to_a_claim_without_updates(both):
    """The first reading alone decides; enough of them have numbers to show it."""
    ids = [claim.id for claim in INITIAL]
    first, second = ({id: side[id]["measured"] for id in ids} for side in both)
    assert first == second
    assert sum(value is not None for value in first.values()) > len(ids) / 2


def test_a_claim_about_training_is_moved_by_it(both):
    """As the two of Milman's bound that fell throughout, which name their updates."""
    moved = [
        each.id for each in CLAIMS if both[0][each.id]["measured"] != both[1][each.id]["measured"]
    ]
    assert "milman.falls_throughout.quadratic" in moved
    assert all(each.updates for each in CLAIMS if each.id in set(moved) - set(OF_ANY_STATE))
