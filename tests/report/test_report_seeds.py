"""Bands, thinning and digits: what is drawn is what the seeds say."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from report_records import diverge

from depthgauge.report.seeds import band_table, in_words, one_seed, rounded, thin, usable


def quantile(values, share):
    """Linear interpolation between order statistics, written out."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


@pytest.fixture
def curves():
    """(replica, step, layer); the first step of the second layer is not measured."""
    values = np.random.default_rng(1).lognormal(size=(11, 4, 2))
    values[:, 0, 1] = np.nan
    return xr.DataArray(
        values, {"step": [0, 5, 10, 20], "layer": [1, 2]}, ("replica", "step", "layer")
    )


def test_a_band_is_the_central_95_percent_of_seeds(curves):
    """Low, median and high are order statistics of the seeds, at every step and layer."""
    table = band_table(curves, "step").set_index(["step", "layer"])
    for name, share in {"low": 0.025, "median": 0.5, "high": 0.975}.items():
        seen = table.loc[(10, 2), name]
        assert seen == pytest.approx(quantile(curves.sel(step=10, layer=2).values, share), rel=1e-3)


def test_what_was_not_measured_has_no_row(curves):
    """A window that is not full yet is not a point of the curve, and no other point is lost."""
    found = set(band_table(curves, "step").set_index(["step", "layer"]).index)
    assert found == {(step, layer) for step in (0, 5, 10, 20) for layer in (1, 2)} - {(0, 2)}


def test_one_seed_is_the_first_replica_itself(curves):
    """The thin line is a run as it was, not a summary."""
    table = one_seed(curves, "step").set_index(["step", "layer"])["value"]
    assert table[(20, 1)] == pytest.approx(float(curves.values[0, 3, 0]), rel=1e-3)
    assert (0, 2) not in table


def test_diverged_replicas_are_left_out_and_counted():
    """A figure speaks of finite runs only, and knows how many it leaves out."""
    cell = xr.Dataset(
        {"diverged_at": ("replica", [-1, -1, -1]), "x": (("replica", "step"), np.ones((3, 2)))},
        {"seed": ("replica", [4, 5, 6])},
    )
    kept = usable(diverge(cell, 1))
    assert kept["seed"].values.tolist() == [4, 6]
    assert kept.attrs["n_diverged"] == 1
    assert (kept["x"] == 1).all()


@given(st.integers(1, 2000), st.integers(2, 300))
def test_thinning_keeps_both_ends_and_spreads_evenly(count, most):
    """At most so many positions, first and last among them, gaps alike to one."""
    places = thin(count, most)
    assert len(places) == min(count, most)
    assert (places[0], places[-1]) == (0, count - 1)
    gaps = np.diff(places)
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1


@given(st.floats(1e-12, 1e12) | st.floats(-1e12, -1e-12))
def test_rounding_keeps_four_digits(value):
    """No more digits than asked for, and no more than half a unit of the last one lost."""
    (found,) = rounded([value])
    assert abs(found - value) <= 0.5e-3 * abs(value) * (1 + 1e-9)
    assert len(f"{found:e}".split("e")[0].replace(".", "").strip("-").rstrip("0")) <= 4


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        (range(10), "10 seeds (0–9)"),
        ([5, 0, 1], "3 seeds (0–1, 5)"),
        ([7], "1 seed (7)"),
        (range(1000), "1,000 seeds (0–999)"),
        ([], "no seeds"),
    ],
)
def test_seeds_are_named_in_few_words(seeds, words):
    """Four hundred seeds fit a caption, and a gap shows."""
    assert in_words(list(seeds)) == words
