import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from depthgauge.tracking.curves import CURVE_POINTS, counts, points, thin
from depthgauge.tracking.sync import joined
from depthgauge.tracking.units import titled

EACH = ("mean", "mean_low", "mean_high")


def test_mean_and_interval_of_each_layer(make_record):
    """The curves are those that scipy's own t interval gives, layer by layer."""
    record = make_record(layers=2, seeds=4)
    curves = points(record)
    values = record["bias_gradient_norm"].values[:, :, 1]
    low, high = stats.t.interval(0.95, 3, values.mean(axis=0), stats.sem(values, axis=0))
    for statistic, expected in zip(EACH, (values.mean(axis=0), low, high), strict=True):
        steps, curve = curves[f"bias_gradient_norm: cost per unit of bias/{statistic}/layer_2"]
        np.testing.assert_array_equal(steps, [0, 10, 20, 30, 40, 50])
        np.testing.assert_allclose(curve, expected, rtol=1e-12)
    assert sorted(curves) == sorted(
        [
            f"bias_gradient_norm: cost per unit of bias/{each}/layer_{layer}"
            for each in EACH
            for layer in (1, 2)
        ]
        + [
            f"{name}/{each}"
            for name in ("probe_cost: cost", "accuracy_validation: fraction")
            for each in EACH
        ]
    )


def test_a_single_seed_has_no_interval(make_record):
    """One seed gives means and nothing else."""
    assert {name.split("/")[1] for name in points(make_record(seeds=1))} == {"mean"}


def test_diverged_replicas_are_left_out_and_counted(make_record):
    """Curves of a record with a diverged replica are those of the others; n_diverged says 1."""
    record = make_record(seeds=4)
    record["probe_cost"][2, 3:] = np.inf
    record["diverged_at"][2] = 30
    others = record.isel(replica=[0, 1, 3])
    assert_same(points(record), points(others))
    totals = counts(record)
    assert {name: (steps[0], values[0]) for name, (steps, values) in totals.items()} == {
        "n": (50, 4),
        "n_diverged": (50, 1),
    }


def test_values_that_are_not_finite_are_left_out(make_record):
    """A window that is not full yet (NaN) has no point; the rest of the curve is there."""
    record = make_record()
    record["probe_cost"][:, :2] = np.nan
    np.testing.assert_array_equal(points(record)["probe_cost: cost/mean"][0], [20, 30, 40, 50])
    record["probe_cost"][:] = np.nan
    assert "probe_cost: cost/mean" not in points(record)


def test_each_learning_rate_has_its_own_curves(make_record):
    """Replicas of different rates are never averaged together."""
    record = make_record(seeds=4)
    record["learning_rate"][:] = [0.1, 0.01, 0.1, 0.01]
    fast = points(record.isel(replica=[0, 2]))["probe_cost: cost/mean"][1]
    np.testing.assert_array_equal(
        points(record)["learning_rate_0.1/probe_cost: cost/mean"][1], fast
    )
    assert counts(record)["learning_rate_0.01/n"][1] == [2]
    assert "probe_cost: cost/mean" not in points(record)


def test_chunks_while_training_give_the_points_of_the_whole_record(make_record):
    """Live and import agree point for point, also where a dense curve is thinned."""
    record = make_record(steps=2 * CURVE_POINTS + 17)
    shown = {axis: thin(record[axis].values) for axis in ("gradient_step", "evaluation_step")}
    size = len(record["gradient_step"])
    chunks = [record.isel(gradient_step=slice(at, at + 100)) for at in range(0, size, 100)]
    live = joined(
        points(chunk.drop_dims("evaluation_step") if index else chunk, shown)
        for index, chunk in enumerate(chunks)
    )
    assert_same(live, points(record))


@pytest.mark.parametrize("count", [1, 2, CURVE_POINTS, CURVE_POINTS + 1, 1501, 100_000])
def test_thin_keeps_first_and_last(count):
    """Thinning keeps all of a short schedule, and both ends and an even spread of a long one."""
    steps = np.arange(count) * 7
    kept = thin(steps)
    assert len(kept) == min(count, CURVE_POINTS)
    assert kept[0] == steps[0]
    assert kept[-1] == steps[-1]
    gaps = np.diff(kept)
    assert count == 1 or gaps.min() > 0
    assert count == 1 or gaps.max() - gaps.min() <= 7


def assert_same(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name, (steps, values) in ours.items():
        np.testing.assert_array_equal(steps, theirs[name][0])
        np.testing.assert_allclose(values, theirs[name][1], rtol=1e-12)


def test_units_are_those_of_the_documented_record():
    """Each variable with step axis in docs/records.md has its unit in the metric's name."""
    page = Path(__file__).parents[2] / "docs" / "records.md"
    text = page.read_text(encoding="utf-8").split("## Variables")[1]
    seen, unit = 0, ""
    rows = [
        [cell.strip() for cell in row.split("|")]
        for row in text.splitlines()
        if row.startswith("| `")
    ]
    for names, axes, told in [row[1:4] for row in rows if "_step" in row[2]]:
        unit = unit if told == "the same" else told
        if re.search("_bin|unit", axes):
            continue  # no curve
        for name in re.findall(r"`(\w+)`", names.replace("SPLIT", "test")):
            pure = unit in ("", "1") or name == "modulus_percentile_98"
            assert titled(name) == (name if pure else f"{name}: {unit}")
            seen += 1
    assert seen > 20


def test_a_deep_net_has_curves_of_eight_layers(make_record):
    """The first, the last, and six between; a net of eight has all."""
    for layers, expected in (
        (8, [1, 2, 3, 4, 5, 6, 7, 8]),
        (21, [1, 4, 7, 10, 12, 15, 18, 21]),
    ):
        found = points(make_record(layers))
        names = {name for name in found if name.startswith("bias_gradient_norm")}
        assert names == {
            f"bias_gradient_norm: cost per unit of bias/{statistic}/layer_{layer}"
            for statistic in ("mean", "mean_low", "mean_high")
            for layer in expected
        }
    value = found["bias_gradient_norm: cost per unit of bias/mean/layer_10"][1]
    record = make_record(21)
    np.testing.assert_allclose(value, record["bias_gradient_norm"].sel(layer=10).mean("replica"))
