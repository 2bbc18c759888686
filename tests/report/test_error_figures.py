"""Figures of test errors carry the records' numbers at the chosen rate, and the published ones."""

import numpy as np
import pytest
import xarray as xr
from report_records import diverge
from test_report_figures import tables

from claims.error_records import RATES
from depthgauge.claims.statistics import t_prediction_interval
from depthgauge.errors import DataError
from depthgauge.report.chosen_rates import by_model, rate_table, tuned
from depthgauge.report.glorot_error_curves import error_curves
from depthgauge.report.glorot_error_table import error_table
from depthgauge.report.models import SHOWN
from depthgauge.studies.glorot.register import ERRORS as PUBLISHED


def cell_of(records, dataset, model):
    return next(
        each
        for each in records["glorot_error"]
        if each.attrs["axes"] == {"dataset": dataset, "model": model}
    )


def at_the_middle_rate(cell, name):
    return 100 * (1 - cell[name].values[cell["learning_rate"].values == RATES[1]])


def test_table_1_shows_interval_rate_and_published_value(records, figures):
    """A panel for each data set; Tiny-ImageNet has no published number."""
    found = tables(figures["glorot_error_table"], "mean", "published")
    assert len(found) == 5
    for table, dataset in zip(found, (*PUBLISHED, "tiny_imagenet"), strict=True):
        assert set(table["model"]) == set(SHOWN.values())
        assert (table["rate"] == 0.1).all()
        for model, name in SHOWN.items():
            row = table[table["model"] == name].iloc[0]
            values = at_the_middle_rate(cell_of(records, dataset, model), "accuracy_test")[:, -1]
            expected = t_prediction_interval(values)
            assert row[["mean", "low", "high"]].tolist() == pytest.approx(expected, rel=1e-3)
            assert row["published"] == PUBLISHED.get(dataset, {}).get(model)


def test_curves_are_bands_over_seeds_at_the_chosen_rate(records, figures):
    """Fig. 11: 2.5 %, median, 97.5 % of the seeds, not of all replicas."""
    table, ends = tables(figures["glorot_error_curves_11"], "updates", "median")
    assert set(ends["net"]) == set(SHOWN.values())  # a label for each line
    cell = cell_of(records, "shapeset", "tanh")
    curves = at_the_middle_rate(cell, "accuracy_test")
    rows = table[table["net"] == "Tanh"].sort_values("updates")
    expected = np.quantile(curves, [0.025, 0.5, 0.975], axis=0).T
    assert rows[["low", "median", "high"]].to_numpy() == pytest.approx(expected, rel=1e-3)
    assert rows["updates"].tolist() == cell["evaluation_step"].values.tolist()


def test_the_choice_of_the_rate_is_shown(records):
    """Mean validation error of each rate, the smallest one marked, diverged rates left out."""
    cell = cell_of(records, "mnist", "tanh")
    table = rate_table(cell)
    assert table["rate"].tolist() == list(RATES)
    assert table["chosen"].tolist() == [False, True, False]
    assert table["error"].tolist() == pytest.approx([7.76, 2.76, 7.76], abs=0.02)
    assert rate_table(diverge(cell, 2))["rate"].tolist() == [0.01, 0.1]


def test_of_rates_that_are_level_only_the_chosen_one_is_circled(records):
    """The lowest of them, at which the errors that are drawn beside it were measured."""
    cell = cell_of(records, "mnist", "tanh")
    level = cell.assign(accuracy_validation=xr.full_like(cell["accuracy_validation"], 0.5))
    assert rate_table(level)["chosen"].tolist() == [True, False, False]


def test_data_that_was_not_trained_on_is_named(records):
    """Without CIFAR-10 its figure shows MNIST and says what is missing; without both, nothing."""
    cells = [each for each in records["glorot_error"] if each.attrs["data"]["name"] != "cifar10"]
    figure = error_curves({"glorot_error": cells}, 12, ("mnist", "cifar10"))
    assert "Not trained here: CIFAR-10." in figure.caption
    with pytest.raises(
        DataError, match=r"no usable record with dataset=cifar10.*train study=glorot_error"
    ):
        error_curves({"glorot_error": cells}, 12, ("cifar10",))


def test_widths_and_divergence_are_named(records):
    """Nets narrower than the paper's are named; replicas lost at any rate are counted."""
    cells = [each.assign_attrs(config=narrowed(each)) for each in records["glorot_error"]]
    cells[0] = diverge(cells[0], 2, 5)
    basis = error_table({"glorot_error": cells}).basis
    assert "Hidden layers of 100 units (published: 1,000)" in basis
    assert "2 diverged runs left out" in basis


def narrowed(cell):
    return {**cell.attrs["config"], "hidden": [100] * 5}


def test_a_model_of_which_every_rate_diverged_is_left_out(records):
    """The others are still drawn."""
    cells = list(records["glorot_error"])
    cells[0] = diverge(cells[0], *range(36))
    lost = cells[0].attrs["axes"]
    found = by_model(tuned({"glorot_error": cells}, "glorot_error", dataset=lost["dataset"]))
    assert len(found) == 4 and lost["model"] not in found


def test_the_best_depth_is_named(figures):
    """Each layer takes 5 points off the error in these records."""
    (table, _) = tables(figures["glorot_depth"], "depth", "mean")
    assert table.sort_values("depth")["mean"].tolist() == pytest.approx(
        [40, 35, 30, 25, 20], abs=0.1
    )
    assert "5 hidden layers for normalized tanh (20 %)" in figures["glorot_depth"].finding


def test_both_costs_are_named_with_their_errors(figures):
    """The quadratic cost's is larger here by ten points."""
    finding = figures["glorot_quadratic"].finding
    assert "20 % (log-likelihood)" in finding and "30 % (quadratic)" in finding


def test_the_shapes_of_section_5_stand_side_by_side(figures):
    """Growing, shrinking and equal layers, both initializations in each."""
    found = tables(figures["glorot_widths"], "mean", "rate")
    assert len(found) == 3
    for table, gain in zip(found, (10, 11, 12), strict=True):
        standard, normalized = table.sort_values("model", ascending=False)["mean"]
        assert standard - normalized == pytest.approx(gain, abs=0.02)
