"""Tables for `dvc plots`: the figures' own numbers, tidy and small."""

import re
from pathlib import Path

import numpy as np
import pytest

from depthgauge.report.plots import PLOTS, plots


def test_there_is_a_table_for_each_plot(records):
    """Complete records give all; none give none, and nothing crashes."""
    assert list(plots(records)) == list(PLOTS)
    assert plots({}) == {}


def test_speeds_are_tidy(records):
    """A row a step and hidden layer, in the columns that the plot templates read."""
    table = plots(records)["nielsen_training_speed_3"]
    assert list(table.columns) == ["step", "layer", "low", "median", "high"]
    assert not table.duplicated(["step", "layer"]).any()
    (cell,) = (
        each
        for each in records["nielsen_training_speed"]
        if each.attrs["axes"] == {"hidden": [30] * 3, "batch_size": 1000}
    )
    seeds = cell["bias_gradient_norm"].sel(gradient_step=500, layer=2).values.astype(float)
    last = table.query("step == 500 and layer == 2")["median"].item()
    assert last == pytest.approx(np.median(seeds), rel=1e-3)


@pytest.mark.parametrize(
    ("template", "table"),
    [("speed_bands", "nielsen_training_speed_2"), ("accuracy_bands", "nielsen_accuracy")],
)
def test_plot_templates_read_columns_that_exist(records, template, table):
    """The templates in .dvc/plots draw the band of these tables, a colour a curve."""
    text = Path(__file__).parents[2].joinpath(".dvc/plots", f"{template}.json").read_text("utf-8")
    fields = set(re.findall(r'"field": "(\w+)"', text)) - {"rev"}  # DVC adds the revision
    assert {"low", "high"} < fields <= set(plots(records)[table].columns)


def test_accuracies_are_tidy(records):
    """A row a depth and epoch."""
    table = plots(records)["nielsen_accuracy"]
    assert list(table.columns) == ["hidden_layers", "epoch", "low", "median", "high"]
    assert set(table["hidden_layers"]) == {1, 2, 3, 4}
    assert table["median"].between(0, 100).all() and table["median"].max() > 90
