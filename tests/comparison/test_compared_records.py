"""Two sets of records: cells and variables are matched, seeds paired, provenance compared."""

import numpy as np
import pytest
import xarray as xr

from depthgauge.comparison.records import compare
from depthgauge.errors import DataError


def record(values, seeds=None, label="hidden=[30]", steps=(0, 10), **attrs):
    """A cell; `values` are (replica, step)."""
    seeds = np.arange(len(values)) if seeds is None else seeds
    return xr.Dataset(
        {
            "probe_cost": (("replica", "gradient_step"), np.asarray(values, float)),
            "diverged_at": ("replica", np.full(len(seeds), -1)),
        },
        {"seed": ("replica", seeds), "learning_rate": ("replica", np.full(len(seeds), 0.1)),
         "gradient_step": list(steps)},
        {"label": label, "data": {"name": "mnist", "hash": "x"}, "config": {"l2": {"a": 1}},
         "cell": "c", "code": "k", "versions": {"torch": "2"}, **attrs},
    )  # fmt: skip


VALUES = np.random.default_rng(0).normal(1, 0.1, (10, 2))


def test_seeds_are_matched_whatever_their_order():
    """The same replicas in another order are the same, and in pairs a small shift shows."""
    order = np.arange(10)[::-1]
    found = compare([record(VALUES)], [record(VALUES[order] + [0, 0.01], order)])
    assert found.same_seeds and found.changed
    cost = next(each for each in found.differences if each.variable == "probe_cost")
    assert cost.place == "gradient_step=10"
    assert cost.second - cost.first == pytest.approx(0.01) and cost.beyond_chance


def test_cells_and_variables_on_one_side_are_a_change():
    """By label and data set; a variable of a cell that both have too."""
    other = record(VALUES, label="hidden=[60]")
    found = compare(
        [record(VALUES), other], [record(VALUES).drop_vars("probe_cost"), record(VALUES, label="c")]
    )
    assert found.changed
    assert found.only_first == ["hidden=[60] on mnist", "hidden=[30] on mnist: probe_cost"]
    assert found.only_second == ["c on mnist"]


def test_cells_with_one_label_are_distinguished_by_their_settings():
    """As l2=range(2) once made them; neither hides a difference of the other."""
    one = record(VALUES, label="one cell", config={"l2": 0, "steps": 3})
    two = record(VALUES, label="one cell", config={"l2": 1, "steps": 3})
    moved = two.assign(probe_cost=two["probe_cost"] * 100)
    for pair in ([one, moved], [moved, one]):
        found = compare([one, two], pair)
        assert found.changed and {each.cell for each in found.differences} == {
            "one cell on mnist, l2=1"
        }


def test_two_records_of_one_cell_are_refused():
    """Which of them is meant nobody can say."""
    with pytest.raises(DataError, match=r"^two records are of the same cell, c on mnist: remove"):
        compare([record(VALUES, label="c"), record(VALUES + 1, label="c")], [record(VALUES)])


def test_other_steps_are_compared_where_both_looked():
    """Step 10 of both; nothing in common is said."""
    found = compare([record(VALUES)], [record(VALUES[:, ::-1], steps=(10, 20))])
    assert found.differences[0].place == "gradient_step=10"
    found = compare([record(VALUES)], [record(VALUES, steps=(1, 2))])
    assert found.differences[0].place == "no place in common"


def test_few_seeds_cannot_tell_and_say_so():
    """3 against 3 other ones: 10 permutations."""
    found = compare([record(VALUES[:3])], [record(VALUES[:3] + 5, [7, 8, 9])])
    assert not found.decidable and not found.changed
    found = compare([record(VALUES[:4])], [record(VALUES[:4] + 5, [6, 7, 8, 9])])
    assert found.decidable and found.changed


def test_a_replica_that_diverged_is_counted_and_its_numbers_left_out():
    """All of one side: a change by itself."""
    gone = record(VALUES * np.nan)
    gone["diverged_at"] = ("replica", np.full(10, 100))
    found = compare([record(VALUES)], [gone])
    assert {each.variable for each in found.differences if each.beyond_chance} == {"diverged_at"}


def test_other_origins_are_named():
    """Code, versions and keys of the config, where the cell's key is another one."""
    other = record(VALUES, cell="d", code="m", versions={"torch": "3"}, config={"l2": {"a": 2}})
    assert compare([record(VALUES)], [other]).origins == [
        "l2.a: 1 -> 2", "the code that computed them", "versions.torch: 2 -> 3",
    ]  # fmt: skip
    assert compare([record(VALUES)], [record(VALUES)]).origins == []
