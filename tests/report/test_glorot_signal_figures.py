"""Figures of signal and saturation: what is drawn is what was recorded, beside what theory says."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from test_report_figures import tables

from depthgauge.probes.histograms import gradient_edges
from depthgauge.report.figure import svg
from depthgauge.report.histograms import density_table
from depthgauge.report.predicted_variances import predicted_singular_values, predicted_spreads

STUDIES = ("glorot_init", "glorot_saturation")


def net(records, study, model, dataset="shapeset"):
    return next(
        each
        for each in records[study]
        if each.attrs["axes"] == {"dataset": dataset, "model": model}
    )


def test_theory_shrinks_by_three_a_layer_with_the_standard_init(records):
    """n Var w = 1/3: variances fall by 3 forward and backward, and cancel in dC/dw (eq. 7)."""
    tanh = net(records, "glorot_init", "tanh")
    start = float((tanh["activation_std"].sel(layer=1).astype(float) ** 2).mean())
    forward = predicted_spreads(tanh, "activation_std")
    assert forward == pytest.approx({n: np.sqrt(start / 3 ** (n - 1)) for n in range(1, 6)})
    end = float((tanh["delta_std"].sel(layer=5).astype(float) ** 2).mean())
    backward = predicted_spreads(tanh, "delta_std")
    assert backward == pytest.approx({n: np.sqrt(end / 3 ** (5 - n)) for n in range(1, 6)})
    product = {n: np.sqrt(start * end / 3**3) for n in range(2, 6)}
    assert predicted_spreads(tanh, "weight_gradient_std") == pytest.approx(product)
    assert predicted_spreads(net(records, "glorot_init", "sigmoid"), "delta_std") == {}


def test_theory_keeps_every_size_with_the_normalized_init(records):
    """n Var w = 1; Jacobians have 8/(3 pi) sqrt(n Var w), a quarter of it for a sigmoid."""
    normalized = net(records, "glorot_init", "tanh_n")
    for variable in ("activation_std", "delta_std", "weight_gradient_std"):
        spreads = list(predicted_spreads(normalized, variable).values())
        assert spreads == pytest.approx([spreads[0]] * len(spreads))
    for model, sizes in (("tanh_n", 1), ("tanh", 3**-0.5), ("sigmoid", 3**-0.5 / 4)):
        found = predicted_singular_values(net(records, "glorot_init", model))
        assert found == pytest.approx(dict.fromkeys(range(2, 6), 8 / (3 * np.pi) * sizes))


def test_theory_has_no_input_or_output_weights_between_hidden_layers(records):
    """The init inferred from the figures: n Var w = 5/4 between hidden layers, 1/3 at the ends."""
    tanh = net(records, "glorot_init", "tanh")
    drawn = tanh.assign_attrs(config={**tanh.attrs["config"], "init": "glorot_drawn"})
    sizes = dict.fromkeys(range(2, 6), 8 / (3 * np.pi) * np.sqrt(5 / 4))
    assert predicted_singular_values(drawn) == pytest.approx(sizes)
    spreads = np.array(list(predicted_spreads(drawn, "activation_std").values()))
    assert spreads[1:] / spreads[:-1] == pytest.approx([np.sqrt(5 / 4)] * 4)


def test_symbols_of_the_legend_are_whole(figures):
    """Theory's lines are dashed, and Vega puts the dashes of a mark's style round the symbols."""
    for name in ("glorot_init_variances", "glorot_init_jacobians"):
        picture = svg(figures[name])
        symbols = re.findall(r"role-legend-symbol.*?</g>", picture)
        assert symbols and "stroke-dasharray" not in "".join(symbols)
        assert "stroke-dasharray" in picture


def test_densities_keep_every_share_where_it_was():
    """Unequal bins become equal ones: the whole is 1, and each half keeps its part."""
    edges = gradient_edges()
    shares = np.random.default_rng(2).dirichlet(np.ones(240), (3, 2))
    given = xr.DataArray(
        shares,
        dims=("replica", "layer", "gradient_bin"),
        coords={
            "layer": [1, 2],
            "gradient_bin": (edges[1:] + edges[:-1]) / 2,
            "gradient_bin_width": ("gradient_bin", np.diff(edges)),
        },
    )
    table = density_table(given, 1.0)
    assert set(table["layer"]) == {1}  # the output layer is not drawn
    width = 2 / len(table)
    assert (table["density"] * width).sum() == pytest.approx(1, abs=1e-3)
    left = table[table["value"] < -1e-9]["density"].sum() + table["density"].iloc[50] / 2
    wanted = shares[:, 0, :120].sum(axis=1).mean()
    near = shares[:, 0, np.abs(given["gradient_bin"]) < width / 2].sum(axis=-1).mean()
    assert left * width == pytest.approx(wanted, abs=near)


def test_curves_are_means_over_seeds(records, figures):
    """The sigmoid net's last mean and its band of one standard deviation to either side."""
    deep = net(records, "glorot_saturation", "sigmoid")
    chart = figures["glorot_saturation_sigmoid"].chart.to_dict()
    tables = [pd.DataFrame(rows) for rows in chart["datasets"].values()]
    table = next(each for each in tables if 5 in set(each["layer"]))
    last = table[(table["layer"] == 5) & (table["step"] == table["step"].max())]
    mean = deep["activation_mean"].isel(activation_step=-1).sel(layer=5).mean().item()
    spread = deep["activation_std"].isel(activation_step=-1).sel(layer=5).mean().item()
    assert last["mean"].item() == pytest.approx(mean, rel=1e-3)
    assert last["high"].item() == pytest.approx(mean + spread, rel=1e-3)


def test_initial_figures_fall_back_to_another_data_set(records, figures):
    """Without Shapeset the histograms are drawn from MNIST, and the basis says so."""
    from depthgauge.report.figures import FIGURES

    without = [
        each for each in records["glorot_init"] if each.attrs["axes"]["dataset"] != "shapeset"
    ]
    found = FIGURES["glorot_init_activations"]({"glorot_init": without})
    assert len(found.chart.to_dict()["concat"]) == 2
    drawn = FIGURES["glorot_init_variances"]({"glorot_init": without})
    assert "Data sets mnist (3f2a91c0), imagenet_sample (3f2a91c0)." in drawn.basis
    assert "Data sets shapeset (3f2a91c0), mnist" in figures["glorot_init_variances"].basis


def test_published_singular_values_are_marked(figures):
    """Grey levels at 0.5 for tanh and 0.8 for normalized tanh, in the panel of each data set."""
    chart = figures["glorot_init_jacobians"].chart.to_dict()
    levels = [panel["layer"][0] for panel in chart["concat"]]
    assert len(levels) == 3
    for level in levels:
        assert level["mark"]["style"] == "published_curve"
        assert [row["median"] for row in chart["datasets"][level["data"]["name"]]] == [0.5, 0.8]


def test_panels_that_are_compared_have_one_axis(figures):
    """Spreads of one kind on every data set, and the histograms of both initializations."""
    for name, columns, axes in (
        ("glorot_init_variances", 3, ("y",)),
        ("glorot_init_activations", 2, ("x", "y")),
        ("glorot_init_weight_gradients", 2, ("x", "y")),
    ):
        panels = figures[name].chart.to_dict()["concat"]
        together = [panels] if columns == 2 else [panels[i::columns] for i in range(columns)]
        for same in together:
            for axis in axes:
                scales = {json.dumps(each["layer"][-1]["encoding"][axis]["scale"]) for each in same}
                assert len(scales) == 1 and "domain" in scales.pop()


def test_axes_of_weight_gradients_over_training_span_the_same_factor(figures):
    """Each around its own values: neither net is a line at the foot of the other's axis."""
    panels = figures["glorot_gradients"].chart.to_dict()["concat"]
    ends = [panel["layer"][0]["encoding"]["y"]["scale"]["domain"] for panel in panels]
    spans = [high / low for low, high in ends]
    assert spans[0] == pytest.approx(spans[1], rel=2e-3)
    for (low, high), table in zip(
        ends, tables(figures["glorot_gradients"], "high")[::2], strict=True
    ):
        middle = np.sqrt(table["low"].min() * table["high"].max())
        assert np.sqrt(low * high) == pytest.approx(middle, rel=2e-3)
        assert low <= 1.001 * table["low"].min() and table["high"].max() <= 1.001 * high
