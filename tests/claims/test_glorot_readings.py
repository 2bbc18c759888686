"""Readings off Glorot and Bengio's figures are seen to hold and to fail, on numbers by hand."""

import numpy as np
import pytest
from small_records import BY_ID, small

from depthgauge.claims.read_off_rule import read_off
from depthgauge.probes.histograms import activation_edges, gradient_edges


def verdict(id, *cells):
    """What the claim's rule says of these cells."""
    claim = BY_ID[f"glorot.{id}"]
    return str(claim.rule.decide(claim.estimate(list(cells)), claim.published).verdict)


def near(values, seeds=12):
    """(seed, *values): each seed a thousandth off, so that there is a spread."""
    values = np.asarray(values, dtype=float)
    noise = np.random.default_rng(1).standard_normal((seeds, *values.shape))
    return values * (1 + 1e-3 * noise)


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        ([1.0, 2.0], "holds"),
        ([1.08, 1.85], "holds"),
        ([1.0, 2.3], "fails"),  # one of two is enough
        ([0.88, 2.0], "fails"),  # a factor, so 1 / 1.1 below
        ([1.0, 2.2], "inconclusive"),  # across the edge
    ],
)
def test_a_reading_agrees_within_a_factor(ours, expected):
    """Every reading of one network, in one claim."""
    found = read_off(0.1).decide(near(ours), (1.0, 2.0))
    assert found.verdict == expected
    low, high = found.interval
    assert low < found.measured < high


@pytest.mark.parametrize(("ours", "expected"), [(0.107, "holds"), (0.103, "fails")])
def test_a_reading_is_known_to_half_a_unit_of_its_last_digit(ours, expected):
    """0.12 stands for 0.115 and more: a factor of 1.1 below that is 0.1045."""
    assert read_off(0.1, digit=0.01).decide(near([ours]), (0.12,)).verdict == expected
    assert read_off(0.1).decide(near([ours]), (0.12,)).verdict == "fails"


def normal_shares(spreads, edges):
    """Shares of normal distributions in bins, (layer, bin), by their distribution function."""
    from scipy.stats import norm

    return np.diff(norm.cdf(edges[None] / np.asarray(spreads)[:, None]), axis=1)


def with_bins(kind, edges, axis):
    widths = (f"{kind}_bin", np.diff(edges))
    return {
        axis: [0],
        f"{kind}_bin": (edges[1:] + edges[:-1]) / 2,
        f"{kind}_bin_width": widths,
    }


def test_peaks_are_densities_at_zero():
    """A normal density at 0 is 1 / (std sqrt(2 pi)): 0.3 for 1.33, and so on, within 1 %."""
    spreads = 0.399 / np.array([1.36, 2.51, 4.27, 7.4, 13.0, 1.0])
    edges = activation_edges()
    shares = np.repeat(normal_shares(spreads, edges)[None, None], 3, axis=0)
    cell = small(
        "activation_step",
        "layer",
        "activation_bin",
        coords=with_bins("activation", edges, "activation_step"),
        activation_histogram=shares,
    )
    found = BY_ID["glorot.init.peaks.activations.tanh"].estimate([cell])
    np.testing.assert_allclose(found, np.tile([1.36, 2.51, 4.27, 7.4, 13.0], (3, 1)), rtol=0.03)
    assert verdict("init.peaks.activations.tanh_n", cell) == "fails"


@pytest.mark.parametrize("kind", ["deltas", "weight_gradients"])
def test_peaks_of_gradients_are_densities_at_zero(kind):
    """The same in bins that grow with the gradient; of dC/dw only the layers' ratios count."""
    wanted = np.array([66.5, 37.0, 22.1, 12.8, 7.27])
    edges = gradient_edges()
    shares = np.repeat(
        normal_shares(0.39894 / np.array([*wanted, 1]), edges)[None, None], 3, axis=0
    )
    name = "batch_delta_histogram" if kind == "deltas" else "batch_weight_gradient_histogram"
    cell = small(
        "signal_step",
        "layer",
        "gradient_bin",
        coords=with_bins("gradient", edges, "signal_step"),
        **{name: shares},
    )
    claim = BY_ID[f"glorot.init.peaks.{kind}.tanh"]
    expected = wanted if kind == "deltas" else wanted[[0, 2, 4]] / wanted[1]
    np.testing.assert_allclose(claim.estimate([cell]), np.tile(expected, (3, 1)), rtol=0.02)


def initial(**variables):
    """A record at epoch 0 with these layers' values, the output's at the end."""
    axes = {"activation_std": "activation_step", "modulus_percentile_98": "activation_step"}
    cells = [
        small(axes.get(name, "signal_step"), "layer", seeds=12, **{name: near([values])})
        for name, values in variables.items()
    ]
    cell = cells[0].merge(cells[1]) if len(cells) > 1 else cells[0]
    return cell.assign_attrs(config={"hidden": [1000] * 5, "init": "glorot_standard"}, label="a")


def test_epoch_0_is_read_layer_by_layer():
    """Fig. 3's markers hold; layers in another order do not."""
    published = [0.31, 0.18, 0.10, 0.06, 0.03, 0.3]
    assert verdict("init.epoch_0.tanh.std", initial(activation_std=published)) == "holds"
    assert verdict("init.epoch_0.tanh.std", initial(activation_std=published[::-1])) == "fails"
    far = initial(modulus_percentile_98=[0.694, 1, 1, 1, 0.694, 1])
    assert verdict("init.epoch_0.tanh_n.percentile", far) == "holds"


def test_linear_theory_is_a_factor_a_layer():
    """Equations 5 to 7 with n Var W = 1/3: 1/sqrt(3), 1/sqrt(3) backward, and 1."""
    down = 3 ** (-0.5 * np.arange(6))
    assert verdict("init.theory.forward.tanh", initial(activation_std=down)) == "holds"
    assert verdict("init.theory.forward.tanh", initial(activation_std=down**1.2)) == "fails"
    up = down[::-1].copy()
    assert verdict("init.theory.backward.tanh", initial(delta_std=up)) == "holds"
    assert verdict("init.theory.backward.tanh", initial(delta_std=down)) == "fails"
    assert verdict("init.theory.weight_gradient.tanh", initial(weight_gradient_std=0 * up + 1)) == (
        "holds"
    )
    assert verdict("init.theory.weight_gradient.tanh", initial(weight_gradient_std=up)) == "fails"


def outputs(cost, constant, bias=2.0, weight=1.0):
    """A record of what the output does before training and after 100 and 1,000 updates."""
    steps = {"output_step": [0, 100, 1000]}
    return small(
        "output_step",
        seeds=12,
        coords=steps,
        output_cost=near(cost),
        constant_output_cost=near(constant),
        output_bias_gradient=near([bias] * 3),
        output_weight_gradient=near([weight] * 3),
    )


def test_constant_outputs_explain_the_fall_or_do_not():
    """By hand: (2.3 - 1.3) / (2.3 - 1.3) is 1, (2.3 - 2.2) / (2.3 - 1.3) a tenth."""
    id = "output_speed.constant_part"
    assert verdict(id, outputs([2.3, 2.0, 1.3], [2.3, 2.0, 1.3])) == "holds"
    cell = outputs([2.3, 2.0, 1.3], [2.3, 2.3, 2.2])
    assert verdict(id, cell) == "fails"
    assert BY_ID[f"glorot.{id}"].estimate([cell]).mean() == pytest.approx(0.1, abs=0.01)


def test_one_bias_is_held_against_one_weight():
    """Twice as fast, or half as fast, over the first 100 updates."""
    id = "output_speed.bias_over_weight"
    assert verdict(id, outputs([2, 2, 2], [2, 2, 2])) == "holds"
    assert verdict(id, outputs([2, 2, 2], [2, 2, 2], bias=0.5)) == "fails"


def tops(*values, steps=(0, 1000)):
    """A record of the mean activations of four hidden layers; the top one's are given."""
    means = np.full((12, len(values), 5), 0.5)
    means[:, :, 3] = near(values)
    coords = {"activation_step": list(steps)}
    return small("activation_step", "layer", seeds=12, coords=coords, activation_mean=means)


def test_without_the_bias_the_top_layer_falls_as_far():
    """0.5 to 0.05 in both, or in one alone."""
    assert verdict("output_speed.without_bias", tops(0.5, 0.05), tops(0.5, 0.05)) == "holds"
    assert verdict("output_speed.without_bias", tops(0.5, 0.4), tops(0.5, 0.05)) == "fails"


def test_at_the_papers_time_scale_the_top_layer_has_70_000_updates():
    """What happens later does not count."""
    steps = (0, 70_000, 80_000)
    assert verdict("saturation.sigmoid_slow_to_zero", tops(0.5, 0.08, 0.08, steps=steps)) == "holds"
    assert verdict("saturation.sigmoid_slow_to_zero", tops(0.5, 0.3, 0.08, steps=steps)) == "fails"


def signals(name, first, last):
    """A record of a spread before and after training, layers 1 to 5 and the output."""
    values = near([first, last])
    coords = {"signal_step": [0, 100_000]}
    return small("signal_step", "layer", seeds=12, coords=coords, **{name: values})


def test_gradients_are_larger_in_lower_layers_at_the_end_of_fig_9():
    """At epoch 94 of the figure: .0345 in layer 2, .0155 in layer 5; at the start it may differ."""
    start, end = np.ones(6), [0.049, 0.0345, 0.0277, 0.0268, 0.0155, 1]
    assert verdict("gradients.larger_below.tanh", signals("weight_gradient_std", start, end)) == (
        "holds"
    )
    assert verdict(
        "gradients.larger_below.tanh", signals("weight_gradient_std", end, end[::-1])
    ) == ("fails")


def test_the_trend_of_delta_is_reversed_or_is_not():
    """Smallest in layer 1 at the start; after five epochs largest there, or still smallest."""
    start = [1, 2, 3, 4, 5, 9]
    assert verdict("gradients.delta_reversed", signals("delta_std", start, [5, 4, 3, 2, 1, 9])) == (
        "holds"
    )
    assert verdict("gradients.delta_reversed", signals("delta_std", start, start)) == "fails"


def learned(*errors, steps=(0, 100_000), validation=None):
    """A record of test errors in percent at these steps."""
    at = {"evaluation_step": list(steps)}
    accuracy = 1 - near(errors) / 100
    other = accuracy if validation is None else 1 - near(validation) / 100
    return small(
        "evaluation_step", seeds=12, coords=at, accuracy_test=accuracy, accuracy_validation=other
    ).assign_attrs(config={"steps": steps[-1], "hidden": [1000] * 5})


def test_errors_on_the_way_are_read_at_their_updates():
    """68.3 % after 100,000 updates of ten images, whatever comes after."""
    cell = learned(90, 68.3, 10, steps=(0, 100_000, 200_000))
    values = BY_ID["glorot.early_error.tanh"].estimate([cell])
    np.testing.assert_allclose(values, 68.3, rtol=0.01)
    worse, better = learned(90, 68.3), learned(90, 54.7)
    assert verdict("early_error.tanh_above_tanh_n", worse, better) == "holds"
    assert verdict("early_error.tanh_above_tanh_n", better, worse) == "fails"


def test_the_best_depth_is_held_against_the_best_of_the_others():
    """Chosen on the validation images: depth 4 there, though depth 1 has the better test error."""
    cells = [
        learned(90, test, validation=[90, other])
        for test, other in ((20, 60), (50, 50), (50, 50), (40, 30), (30, 35))
    ]
    gain = BY_ID["glorot.depth.best.tanh"].estimate(cells)
    np.testing.assert_allclose(gain, 10, atol=0.5)
    assert verdict("depth.best.tanh", *cells) == "holds"
    assert verdict("depth.best.sigmoid", *cells) == "fails"


def test_the_quadratic_cost_is_the_first_of_two():
    """Its error minus the log-likelihood's."""
    claim = BY_ID["glorot.quadratic.tanh"]
    assert [cell["cost"] for cell in claim.cells] == ["softmax_quadratic", "nll"]
    assert verdict("quadratic.tanh", learned(90, 40), learned(90, 30)) == "holds"


def test_the_log_likelihood_is_steeper():
    """Mean slopes of two surfaces, 3 to 1."""
    cell = small(
        "first_weight",
        "second_weight",
        seeds=12,
        slope_nll=near(np.full((2, 2), 3.0)),
        slope_softmax_quadratic=near(np.ones((2, 2))),
    )
    np.testing.assert_allclose(BY_ID["glorot.cost_surface.steeper"].estimate([cell]), 3, rtol=0.01)
    assert verdict("cost_surface.steeper", cell) == "holds"
