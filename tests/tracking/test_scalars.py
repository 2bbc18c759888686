import numpy as np
import pytest
from scipy import stats

from depthgauge.tracking.profiles import profiles
from depthgauge.tracking.scalars import interval, of_each_seed, scalars


def test_the_same_numbers_in_every_study(make_record):
    """Accuracy and cost are the last ones; decades compare layer 1 with the last hidden layer."""
    record = make_record(layers=4, seeds=4)  # three hidden layers and the output
    gradient = record["bias_gradient_norm"].values
    ratios = np.log10(gradient[:, :, 0] / gradient[:, :, 2])
    found = {name: (int(steps[0]), values[0]) for name, (steps, values) in scalars(record).items()}
    assert {step for step, _ in found.values()} == {50}
    assert {name: value for name, (_, value) in found.items()} == pytest.approx(
        {
            "accuracy": record["accuracy_validation"].values[:, -1].mean(),
            "cost": record["probe_cost"].values[:, -1].mean(),
            "gradient_decades": ratios[:, -1].mean(),
            "gradient_decades_initial": ratios[:, 0].mean(),
            "n_diverged": 0,
        },
        rel=1e-12,
    )


def test_test_images_come_before_validation_images(make_record):
    record = make_record()
    record["accuracy_test"] = record["accuracy_validation"] / 2
    expected = record["accuracy_test"].values[:, -1]
    np.testing.assert_array_equal(of_each_seed(record)["accuracy"], expected)


def test_diverged_seeds_are_left_out_and_counted(make_record):
    record = make_record(seeds=4)
    record["diverged_at"][2] = 30
    record["accuracy_validation"][2] = np.nan
    expected = record["accuracy_validation"].values[[0, 1, 3], -1].mean()
    found = scalars(record)
    assert found["accuracy"][1] == pytest.approx([expected])
    assert found["n_diverged"][1] == [1]
    record["diverged_at"][:] = 30
    assert list(scalars(record)) == ["n_diverged"]


def test_one_hidden_layer_has_no_decades(make_record):
    """There is nothing to compare."""
    assert not [name for name in scalars(make_record(layers=2)) if "decades" in name]


def test_the_interval_is_that_of_scipy():
    values = np.array([0.9, 0.92, 0.95, 0.91])
    expected = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    assert interval(values) == pytest.approx(expected)
    assert np.isnan(interval(values[:1])).all()


def test_layers_lie_together_in_one_chart(make_record):
    """Of such a metric the step is the layer: one line a run, whatever its depth."""
    record = make_record(layers=3)
    found = profiles(record)
    assert set(found) == {
        "depth_initial/bias_gradient",
        "depth_final/bias_gradient",
    }
    for name, reading in (("initial", 0), ("final", -1)):
        layers, values = found[f"depth_{name}/bias_gradient"]
        np.testing.assert_array_equal(layers, [1, 2, 3])
        expected = record["bias_gradient_norm"].values[:, reading].mean(axis=0)
        np.testing.assert_allclose(values, expected, rtol=1e-12)


def test_what_is_measured_once_has_a_profile(make_record):
    """As the factors of a chain of neurons: no step, no initial and final."""
    record = make_record(layers=3)
    record["chain_factor"] = record["bias_gradient_norm"][:, 0]
    np.testing.assert_allclose(
        profiles(record)["depth/chain_factor"][1], record["chain_factor"].mean("replica")
    )
