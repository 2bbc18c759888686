import numpy as np
import pytest

from depthgauge.tracking.curves import CURVE_POINTS, by_rate, joined, points, thin


def test_the_mean_of_each_layer(make_record):
    """Curves are the means over seeds, layer by layer, named as in the record but for "_norm"."""
    record = make_record(layers=2, seeds=4)
    curves = points(record)
    steps, curve = curves["bias_gradient/layer_2"]
    np.testing.assert_array_equal(steps, [0, 10, 20, 30, 40, 50])
    expected = record["bias_gradient_norm"].values[:, :, 1].mean(axis=0)
    np.testing.assert_allclose(curve, expected, rtol=1e-12)
    layers = [f"bias_gradient/layer_{layer}" for layer in (1, 2)]
    assert sorted(curves) == ["accuracy_validation", *layers, "probe_cost"]


def test_diverged_replicas_are_left_out(make_record):
    """Curves of a record with a diverged replica are those of the others."""
    record = make_record(seeds=4)
    record["probe_cost"][2, 3:] = np.inf
    record["diverged_at"][2] = 30
    assert_same(points(record), points(record.isel(replica=[0, 1, 3])))
    record["diverged_at"][:] = 30
    assert points(record) == {}


def test_values_that_are_not_finite_are_left_out(make_record):
    """A window that is not full yet (NaN) has no point; the rest of the curve is there."""
    record = make_record()
    record["probe_cost"][:, :2] = np.nan
    np.testing.assert_array_equal(points(record)["probe_cost"][0], [20, 30, 40, 50])
    record["probe_cost"][:] = np.nan
    assert "probe_cost" not in points(record)


def test_each_learning_rate_is_a_record_of_its_own(make_record):
    """Replicas of different rates are never averaged together."""
    record = make_record(seeds=4)
    record["learning_rate"][:] = [0.1, 0.01, 0.1, 0.01]
    slow, fast = by_rate(record).values()
    assert list(by_rate(record)) == [0.01, 0.1]
    assert_same(points(fast), points(record.isel(replica=[0, 2])))
    assert_same(points(slow), points(record.isel(replica=[1, 3])))


def test_chunks_while_training_give_the_points_of_the_whole_record(make_record):
    """Live and import agree to the last bit, also where a dense curve is thinned.

    A chunk of a single step is summed as a long one is: NumPy adds in pairs where it can.
    """
    record = make_record(seeds=20, steps=2 * CURVE_POINTS + 17)
    shown = {axis: thin(record[axis].values) for axis in ("gradient_step", "evaluation_step")}
    size = len(record["gradient_step"])
    chunks = [record.isel(gradient_step=slice(at, at + each)) for at, each in chunks_of(size)]
    live = joined(
        points(chunk.drop_dims("evaluation_step") if index else chunk, shown)
        for index, chunk in enumerate(chunks)
    )
    whole = points(record)
    assert live.keys() == whole.keys()
    for name, (steps, values) in whole.items():
        np.testing.assert_array_equal(live[name][0], steps)
        np.testing.assert_array_equal(live[name][1], values)


def chunks_of(size):
    """Return start and length of chunks of 1, 100, 1, 100, ... steps that make up `size`."""
    starts = [at for first in range(0, size, 101) for at in (first, first + 1) if at < size]
    ends = [*starts[1:], size]
    return [(start, end - start) for start, end in zip(starts, ends, strict=True)]


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


def test_a_deep_net_has_curves_of_eight_layers(make_record):
    """The first, the last, and six between; a net of eight has all."""
    for layers, expected in (
        (8, [1, 2, 3, 4, 5, 6, 7, 8]),
        (21, [1, 4, 7, 10, 12, 15, 18, 21]),
    ):
        found = points(make_record(layers))
        names = {name for name in found if name.startswith("bias_gradient")}
        assert names == {f"bias_gradient/layer_{layer}" for layer in expected}
    value = found["bias_gradient/layer_10"][1]
    record = make_record(21)
    np.testing.assert_allclose(value, record["bias_gradient_norm"].sel(layer=10).mean("replica"))
