"""The instruments of Glorot and Bengio's figures, inside a training."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from depthgauge.config import Experiment, Look, Signal, Spacing
from depthgauge.errors import ConfigError
from depthgauge.nets.initializers import initial_layer
from depthgauge.training.descent import work

OFF = Experiment(
    hidden=[9, 8, 7],
    activation="tanh",
    init="glorot_standard",
    cost="nll",
    train_size=100,
    steps=30,
)
ON = replace(
    OFF,
    saturation=Look(every=10, spacing=Spacing.linear, images=20),
    signal=Signal(every=15, spacing=Spacing.linear, images=25, histograms=3),
    jacobians=Look(every=30, spacing=Spacing.linear, images=2),
    output_speed=Look(every=5, spacing=Spacing.linear, images=30),
)
REPLICAS = [(0, 0.1), (1, 0.1)]


def test_records_have_the_documented_axes(train):
    """Steps, layers and bins; shares sum to 1 in every layer, the softmax included."""
    record = train(ON, REPLICAS)
    assert record["activation_step"].values.tolist() == [0, 10, 20, 30]
    assert record["signal_step"].values.tolist() == [0, 15, 30]
    assert record["jacobian_step"].values.tolist() == [0, 30]
    assert record["output_bias_speed"].dims == ("replica", "output_step")
    assert record["delta_std"].shape == (2, 3, 4)
    for name, bins in (
        ("activation_histogram", "activation_bin"),
        ("delta_histogram", "gradient_bin"),
        ("weight_gradient_histogram", "gradient_bin"),
    ):
        assert record[name].dims[-1] == bins
        np.testing.assert_allclose(record[name].sum(bins), 1, rtol=1e-5)
        np.testing.assert_allclose(record[f"{bins}_width"].sum(), 2, rtol=1e-12)
    np.testing.assert_allclose(record["activation_mean"].sel(layer=4), 1 / 3, rtol=1e-5)
    assert record["jacobian_singular_value"].isel(layer=[1, 2]).notnull().all()


def test_each_seed_has_images_of_its_own_for_jacobians(train, small_data):
    """From image seed * 2 on, round the 37 test images: against numpy's singular values."""
    seeds = (0, 1, 18, 30)
    record = train(replace(ON, steps=0), [(seed, 0.1) for seed in seeds])
    for replica, seed in enumerate(seeds):
        images = [small_data.test.images[(2 * seed + k) % 37] / 256 for k in range(2)]
        found, widths = np.zeros((2, 3)), [25, 9, 8, 7]
        for k, a in enumerate(images):
            for layer, (n_in, n_out) in enumerate(pairwise(widths), start=1):
                w, b = initial_layer("glorot_standard", seed, layer, n_in, n_out)
                a = np.tanh(w @ a + b)
                found[k, layer - 1] = np.linalg.svd((1 - a**2)[:, None] * w)[1].mean()
        value = record["jacobian_singular_value"].values[replica, 0]
        np.testing.assert_allclose(value[1:3], found[:, 1:].mean(axis=0), rtol=1e-5)
        assert np.isnan(value[[0, 3]]).all()


def test_looking_changes_nothing_and_company_neither(train):
    """Whatever is measured, the speeds that another instrument sees are bit for bit the same."""
    both = train(ON, REPLICAS)
    alone = train(replace(OFF, output_speed=ON.output_speed), REPLICAS[1:], key="alone")
    for name in ("output_bias_speed", "output_signal_speed", "image_signal_speed"):
        assert np.array_equal(both[name].values[1], alone[name].values[0])


def test_a_look_costs_time_in_the_estimate(small_data):
    """Every instrument adds its passes to the work of a cell."""
    costs = [work(OFF, small_data)]
    for name in ("saturation", "signal", "jacobians", "output_speed"):
        costs.append(work(replace(OFF, **{name: getattr(ON, name)}), small_data))
    assert min(costs[1:]) > costs[0]
    assert work(ON, small_data) == pytest.approx(sum(costs) - 4 * costs[0])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"every": -1}, "every=-1"),
        ({"images": 0}, "images=0"),
        ({"images": 5, "histograms": 6}, "from 0 to signal.images"),
        ({"images": 25, "batch": 10}, r"invalid signal.batch=10: .* divisor of signal.images"),
        ({"images": 30, "histograms": 4, "batch": 10}, "4\\) mini-batches among them"),
    ],
)
def test_impossible_looks_are_refused(settings, sentence):
    """One sentence names the key and what it must be."""
    with pytest.raises(ConfigError, match=sentence):
        Signal(**settings)
    with pytest.raises(ConfigError, match=r"invalid signal\.images=200: .* train_size"):
        replace(OFF, signal=Signal(every=1, images=200))
