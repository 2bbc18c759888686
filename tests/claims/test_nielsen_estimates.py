"""What claims about Nielsen's nets measure, number by number: layers, steps and neurons as named.

A record's layers are four hidden ones and the output; all numbers differ, so that another layer, or
another step, gives another answer.
"""

import math

import numpy as np
import pytest
from small_records import estimate, positive, small

from depthgauge.claims.judgement import UndecidableError
from depthgauge.theory import chain_tolerance, rank_one_tolerance

SPEEDS = positive(3, 4, 5)
"""(seed, step, layer)."""
CONFIG = {"steps": 3, "gradients": {"window": 2}, "hidden": [30] * 4}


def speeds_of(values=SPEEDS, **names):
    """A record of these speeds at steps 0, 1, 2, 3."""
    names = names or {"bias_gradient_norm": values}
    steps = {"gradient_step": np.arange(values.shape[1])}
    return small("gradient_step", "layer", config=CONFIG, coords=steps, **names)


def every(condition):
    return [float(all(each)) for each in condition]


def mean_log(ratios):
    return [math.exp(sum(map(math.log, each)) / len(each)) for each in ratios]


@pytest.mark.parametrize(
    ("id", "expected"),
    [
        ("initial_speed.h4", [s[0][:4] for s in SPEEDS]),
        ("initial_speed.h4.hundredfold", [s[0][3] / s[0][0] for s in SPEEDS]),
        (
            "initial_speed.h4.much_slower",
            [min(s[0][k + 1] / s[0][k] for k in range(3)) for s in SPEEDS],
        ),
        (
            "training_speed.h4.layer2_slower",
            every([[step[2] > step[1] for step in s] for s in SPEEDS]),
        ),
        ("training_speed.h4.hundredfold", mean_log([[t[3] / t[0] for t in s] for s in SPEEDS])),
        (
            "training_speed.h4.much_slower",
            np.min([mean_log([[t[k + 1] / t[k] for t in s] for s in SPEEDS]) for k in range(3)], 0),
        ),
    ],
)
def test_speeds_are_those_of_the_layers_and_steps_named(id, expected):
    """Of hidden layers alone; before the first step, or over all of them."""
    np.testing.assert_allclose(estimate(f"nielsen.{id}", speeds_of()), expected)


@pytest.mark.parametrize(("ratio", "slower"), [(1.5, 1), (0.9, 0)])
def test_slower_throughout(ratio, slower):
    """At every step layer 2 is faster than layer 1."""
    cell = speeds_of(np.ones((3, 4, 3)) * [1.0, ratio, 9.0])
    assert set(estimate("nielsen.training_speed.h2.layer1_slower", cell)) == {slower}


@pytest.mark.parametrize(("percent", "one_class"), [(11.7, 1), (11.99, 1), (12.01, 0), (40, 0)])
def test_the_plateau_ends_at_twelve_percent(percent, one_class):
    """The most frequent digit has 11.7 % of the first 1,000 training images."""
    accuracy = np.repeat([[0.1, percent / 100]], 3, axis=0)
    steps = {"evaluation_step": [0, 3]}
    cell = small("evaluation_step", config=CONFIG, coords=steps, accuracy_train=accuracy)
    for depth in (3, 4):
        found = estimate(f"nielsen.training_speed.h{depth}.plateau", cell)
        assert set(found) == {one_class}


def test_noise_and_averages_of_mini_batches():
    """Jumps of each step's own batch; windows of 2 of 3 steps; the mini-batch run's layers."""
    own = positive(2, 3, 4, 5, seed=1)  # (run, seed, step, layer)
    own[:, :, -1] = np.nan  # after the last step no batch waits
    mini, full = (
        speeds_of(batch_bias_gradient_norm=b, window_bias_gradient_norm=w)
        for b, w in zip(own, positive(2, 3, 4, 5, seed=2), strict=True)
    )
    rough = [
        [
            [math.hypot(*(math.log(s[t + 1, k] / s[t, k]) for t in range(2))) for k in range(4)]
            for s in run
        ]
        for run in own
    ]
    expected = [min(a / b for a, b in zip(*pair, strict=True)) for pair in zip(*rough, strict=True)]
    np.testing.assert_allclose(estimate("nielsen.minibatch.much_noisier", mini, full), expected)
    first, second = (cell["window_bias_gradient_norm"].values[:, 1, :4] for cell in (mini, full))
    factors = [mean_log([np.maximum(a / b, b / a)])[0] for a, b in zip(first, second, strict=True)]
    found = estimate("nielsen.minibatch.similar_when_averaged", mini, full)
    np.testing.assert_allclose(found, factors)
    rising = speeds_of(window_bias_gradient_norm=np.ones((3, 4, 3)) * [1.0, 2.0, 1.0])
    falling = speeds_of(window_bias_gradient_norm=np.ones((3, 4, 3)) * [2.0, 1.0, 1.0])
    assert estimate("nielsen.minibatch.slower_when_averaged", rising, falling).all()
    assert not estimate("nielsen.minibatch.slower_when_averaged", falling, rising).any()


@pytest.mark.parametrize(
    ("second", "larger", "much"),
    [
        ([1.9, 1.9, 1.9, 1.9, 1.9, 1.9], 1, 0),
        ([2.1, 2.1, 2.1, 2.1, 0.1, 0.1], 1, 1),  # 24 of 36 pairs
        ([2.1, 2.1, 2.1, 0.1, 0.1, 0.1], 0, 0),  # half of them are not most
    ],
)
def test_bars_are_counted_in_pairs(second, larger, much):
    """Six of seven neurons of layers 1 and 2 at step 0; the gradient's sign does not matter."""
    gradient = np.full((3, 2, 3, 7), 50.0)
    gradient[:, 0, 0, :6], gradient[:, 0, 1, :6] = 1.0, -np.array(second)
    axes = ("gradient_step", "layer", "unit")
    cell = small(*axes, bias_gradient=gradient)
    assert set(estimate("nielsen.neuron_bars.larger", cell)) == {larger}
    assert set(estimate("nielsen.neuron_bars.much_larger", cell)) == {much}
    six = small(*axes, bias_gradient=gradient[..., :6])
    assert set(estimate("nielsen.neuron_bars.larger", six)) == {larger}
    with pytest.raises(UndecidableError, match="layers narrower than 6"):
        estimate("nielsen.neuron_bars.larger", small(*axes, bias_gradient=gradient[..., :5]))


def accuracies(*percent):
    """Records of final accuracies on the validation images, the same in three seeds."""
    return [
        small(
            "evaluation_step",
            config={"steps": 7},
            coords={"evaluation_step": [0, 7]},
            accuracy_validation=np.repeat([[0.1, each / 100]], 3, axis=0),
        )
        for each in percent
    ]


@pytest.mark.parametrize(
    ("id", "percent", "expected"),
    [
        ("nielsen.accuracy.h3", (96.5,), 96.5),
        ("nielsen.depth.two_above_one", (97.0, 96.5), [[97.0, 96.5]] * 3),
        ("nielsen.depth.adds_little", (96.0, 97.0, 98.0, 95.0), 2.0),  # errors: 4 over 2
        ("nielsen.capacity.frozen_is_worse", (97.0, 40.0), 57.0),
        ("nielsen.capacity.frozen_loses_most", (40.0, 97.0), 30 / 87),  # chance is 10 %
    ],
)
def test_accuracies_are_compared_as_stated(id, percent, expected):
    """First minus second; errors of the first over the least of the others; above chance."""
    np.testing.assert_allclose(estimate(id, *accuracies(*percent)), expected)


def test_a_chain_is_read_neuron_by_neuron():
    """Ratios, slopes and rounding of four neurons, with both signs."""
    sign = np.array([1, -1, -1, 1])
    factor, weight, gradient, exploding, z = (sign * positive(3, 4, seed=s) for s in range(3, 8))
    derivative = gradient[:, 0] * (1 + 1e-12)
    cell = small(
        "layer", chain_factor=factor, chain_weight=weight, chain_pre_activation=z,
        chain_bias_gradient=gradient, exploding_bias_gradient=exploding,
        exploding_factor=np.abs(factor),
    ).assign(chain_derivative=("replica", derivative))  # fmt: skip
    first, third, last = (np.abs(gradient[:, k]) for k in (0, 2, 3))
    wanted = {
        "product.4": np.abs(gradient[:, 0] / derivative - 1) / chain_tolerance(weight, z),
        "slope_bound": 4 * np.max(np.abs(factor) / np.abs(weight), axis=1),
        "usually_below_quarter": np.abs(factor[:, 1]) < 0.25,
        "sixteenth": 16 * first <= third,
        "vanishes_always": first < last,
        "vanishes.4": np.cbrt(first / last),
        "explodes.4": np.cbrt(np.abs(exploding[:, 0] / exploding[:, 3])),
        "slope_reached": np.abs(factor).max(axis=1) / 100,
    }
    for name, expected in wanted.items():
        np.testing.assert_allclose(estimate(f"theory.chain.{name}", cell), expected, rtol=1e-9)


@pytest.mark.parametrize(("ratio", "counts"), [(1 / 15.9, 0), (1 / 16, 1), (1 / 17, 1)])
def test_a_sixteenth_or_less(ratio, counts):
    """ "A factor of 16 (or more) smaller": 16 itself counts."""
    cell = small("layer", chain_bias_gradient=[[ratio, 7.0, 1.0, 0.01]] * 3)
    assert set(estimate("theory.chain.sixteenth", cell)) == {counts}


def test_the_steepest_factor_and_the_widest_set():
    """The least weight at which a signal need not shrink; the widest set and where it is."""
    grid = {"steep_weight": [3.9, 4.0, 4.1, 6.9]}
    steep = np.array([[0.97, 1.0, 1.02, 1.7], [0.97, 0.99, 1.02, 1.7], [0.9] * 4])
    width = np.array([[0.0, 0.0, 0.1, 0.45], [0.0, 0.2, 0.1, 0.15], [0.3, 0.1, 0.2, 0.1]])
    cell = small("steep_weight", coords=grid, steepest_factor=steep, steep_width=width)
    for name, expected in (
        ("steep_needs_four", [4.0, 4.1, np.inf]),
        ("widest", [0.45, 0.2, 0.3]),
        ("widest_at", [6.9, 4.0, 3.9]),
    ):
        np.testing.assert_array_equal(estimate(f"theory.chain.{name}", cell), expected)


@pytest.mark.parametrize("off", [0.5, 1.5, 30.0])
def test_a_width_is_off_by_parts_of_what_rounding_explains(off):
    """Equation 123 written out; sqrt(8 epsilon) is what eight roundings do at the peak."""
    w = np.array([4.5, 6.9, 11.0])
    exact = 2 / w * np.log(w * (1 + np.sqrt(1 - 4 / w)) / 2 - 1)
    width = np.repeat([exact], 3, axis=0)
    width[:, 1] -= off * math.sqrt(8 * 2.0**-52)
    cell = small("steep_weight", coords={"steep_weight": w}, steep_width=width)
    np.testing.assert_allclose(estimate("theory.chain.steep_width", cell), off, rtol=1e-6)


def bounds(hidden=4, precision="float64", **variables):
    config = {"hidden": [30] * hidden, "bounds": {"images": 50}, "precision": precision}
    return small("bound_step", "layer", config=config, **variables)


def test_what_rounding_explains_goes_by_the_layers_size():
    """784 inputs, hidden layers of 30, 10 classes: each layer's gap over its own allowance."""
    sizes = [(30, 784), (30, 30), (10, 30)]
    for precision, epsilon in (("float64", 2.0**-52), ("float32", 2.0**-23), ("tf32", 2.0**-10)):
        for layer, size in enumerate(sizes):
            gaps = np.zeros((3, 2, 3))
            gaps[:, 1, layer] = 3 * rank_one_tolerance(*size, epsilon)
            found = estimate("milman.identity", bounds(2, precision, identity_gap=gaps))
            np.testing.assert_allclose(found, 3.0)


def test_the_bound_falls_by_a_geometric_mean_over_hidden_layers():
    """From hidden layer 4 to 1, the output left out; before training, and at every step."""
    bound, part = positive(3, 4, 5, seed=8), positive(3, 4, 5, seed=9)
    cell = bounds(bound=bound, bound_tightness=part)
    falls, measured = np.cbrt(bound[..., 3] / bound[..., 0]), bound * part
    np.testing.assert_allclose(estimate("milman.falls_at_start", cell), falls[:, 0])
    np.testing.assert_allclose(
        estimate("milman.explains_slope", cell),
        np.cbrt(measured[:, 0, 3] / measured[:, 0, 0]) / falls[:, 0] / 2.36,
    )
    for last, always in ((1.01, 1), (1.6, 1), (0.99, 0)):
        rising = bounds(bound=np.ones((3, 2, 5)) * [1.0, 0.1, 9.0, last, 0.1])
        found = estimate("milman.falls_throughout.cross_entropy", rising)
        assert set(found) == {always}
