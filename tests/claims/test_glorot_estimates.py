"""What claims about Glorot and Bengio's nets measure: layers, steps, bins and signs as named.

A record's layers are five hidden ones and the output; all numbers differ, so that another layer, or
another step, gives another answer.
"""

import numpy as np
import pytest
from small_records import BY_ID, estimate, positive, small

from depthgauge.studies.glorot.errors import unlike_the_paper
from depthgauge.studies.remedies.estimates import lowest_rate

STEPS = 4
CURVES = positive(2, 3, STEPS, 6)
"""(cell, seed, step, layer)."""


def cells(axis, name, values=CURVES):
    """Two records of this variable."""
    return [small(axis, "layer", **{name: each}) for each in values]


def ratio(layers):
    return [max(each) / min(each) for each in layers]


@pytest.mark.parametrize(
    ("id", "axis", "name", "expected"),
    [
        (
            "init.mnist.delta_shrinks",
            "signal_step",
            "delta_std",
            [min(np.log(s[k + 1] / s[k]) for k in range(4)) for s in CURVES[0, :, 0]],
        ),
        # from 1,000 to 1,000: neither the layer of the inputs nor the output
        (
            "init.mnist.weight_gradient_alike.tanh",
            "signal_step",
            "weight_gradient_std",
            ratio(CURVES[0, :, 0, 1:5]),
        ),
        (
            "gradients.standard_apart",
            "signal_step",
            "weight_gradient_std",
            ratio(CURVES[0, :, -1, 1:5]),
        ),
        (
            "gradients.normalized_together",
            "signal_step",
            "weight_gradient_std",
            np.median([ratio(CURVES[0, :, step, 1:5]) for step in range(STEPS)], axis=0),
        ),
        # the Jacobians of hidden layers that a hidden layer feeds
        (
            "init.mnist.singular_value.tanh",
            "jacobian_step",
            "jacobian_singular_value",
            CURVES[0, :, 0, 1:5].sum(axis=1) / 4,
        ),
    ],
)
def test_layers_and_steps_are_those_named(id, axis, name, expected):
    """At the start or at the end, over the layers of equal size that the statement is about."""
    np.testing.assert_allclose(estimate(f"glorot.{id}", cells(axis, name)[0]), expected)


def test_two_nets_are_compared_first_minus_second_or_the_other_way_round():
    """ "Closer", "less" and "more" in the direction that the statement names."""
    stretch = CURVES[:, :, 0, 1:5].mean(axis=-1)
    last = np.array([ratio(cell[:, -1, 1:5]) for cell in CURVES])
    first = np.array([ratio(cell[:, 0, :5]) for cell in CURVES])
    tops = CURVES[:, :, -1, :5]
    spread = tops.max(axis=-1) - tops.min(axis=-1)
    for id, axis, name, expected in (
        (
            "init.mnist.singular_value.order",
            "jacobian_step",
            "jacobian_singular_value",
            stretch[1] - stretch[0],
        ),
        (
            "init.mnist.activation_alike",
            "activation_step",
            "activation_std",
            first[0] / first[1],
        ),
        ("init.mnist.delta_alike", "signal_step", "delta_std", first[0] / first[1]),
        ("gradients.closer", "signal_step", "weight_gradient_std", last[0] - last[1]),
        (
            "saturation.softsign_less",
            "activation_step",
            "modulus_percentile_98",
            tops[0].max(axis=1) - tops[1].max(axis=1),
        ),
        (
            "saturation.tanh_n_together",
            "activation_step",
            "modulus_percentile_98",
            spread[0] - spread[1],
        ),
    ):
        found = estimate(f"glorot.{id}", *cells(axis, name))
        np.testing.assert_allclose(found, expected, err_msg=id)


BINS = {"activation_bin": np.array([-0.97, -0.7, -0.06, -0.04, 0.04, 0.06, 0.5, 0.7, 0.9, 0.97])}
SHARES = positive(3, 2, 6, 10, seed=1)
SHARES /= SHARES.sum(axis=-1, keepdims=True)


def test_histograms_are_read_in_the_bins_named():
    """Within 0.05 of 0; from 0.6 to 0.8 and above 0.95 in modulus, per unit of activation."""
    axes = ("activation_step", "layer", "activation_bin")
    cell = small(*axes, coords=BINS, activation_histogram=SHARES)
    peak = SHARES[:, 0, :5, 3] + SHARES[:, 0, :5, 4]
    bent = SHARES[:, -1, :5, 1] + SHARES[:, -1, :5, 7]
    pile = SHARES[:, -1, 0, 0] + SHARES[:, -1, 0, 9]
    wanted = {
        "init.mnist.activation_peak": (peak[:, 1:] - peak[:, :-1]).min(axis=1),
        "saturation.tanh_piles_up": (pile / 0.05) / (bent[:, 0] / 0.2),
        "saturation.softsign_bent": (bent / 0.2 - (1 - bent) / 0.8).mean(axis=1),
    }
    for name, expected in wanted.items():
        np.testing.assert_allclose(estimate(f"glorot.{name}", cell), expected, err_msg=name)


def test_the_top_layer_is_looked_at_when_it_is_lowest_early():
    """Within 1,000 updates, that one included; the others at the same step, the output never."""
    means = 0.5 + 0.1 * np.random.default_rng(2).random((3, 4, 5))
    means[:, :, 3] = [0.4, 0.09, 0.05, 0.01]  # top hidden layer; the last step comes too late
    steps = {"activation_step": [0, 500, 1000, 1001]}
    cell = small("activation_step", "layer", coords=steps, activation_mean=means)
    others = means[:, 2, :3]
    for id, expected in (
        ("top_to_zero", [0.05] * 3),
        ("others_above_half", others[:, 1:].min(axis=1) - 0.5),
        (
            "lower_toward_input",
            np.minimum(others[:, 1] - others[:, 0], others[:, 2] - others[:, 1]),
        ),
    ):
        found = estimate(f"glorot.saturation.sigmoid_{id}", cell)
        np.testing.assert_allclose(found, expected, err_msg=id)


@pytest.mark.parametrize(
    ("epoch", "counts"), [(49, 0), (51, 1), (100, 1), (199, 1), (201, 0), (np.inf, 0)]
)
def test_around_epoch_100_is_from_50_to_200(epoch, counts):
    """Of 20,000 updates each: two nets that leave their saturation then."""
    at = np.array([0, 1000, 20_000 * min(epoch, 300)])
    top = [0.5, 0.05, 0.2 if np.isfinite(epoch) else 0.05]
    means = np.full((2, 3, 5), 0.5)
    means[:, :, 3] = top
    cell = small(
        "activation_step", "layer", seeds=2, coords={"activation_step": at}, activation_mean=means
    )
    assert set(estimate("glorot.saturation.sigmoid_escapes", cell)) == {counts}


def errors(*percent, hidden=(1000,) * 5, doubt=""):
    """Records of final test errors in percent, the same in three seeds."""
    return [
        small(
            "evaluation_step",
            config={"hidden": list(hidden), "steps": 9},
            coords={"evaluation_step": [0, 9]},
            accuracy_test=np.repeat([[0.1, 1 - each / 100]], 3, axis=0),
        ).assign_attrs(rate_doubt=doubt)
        for each in percent
    ]


@pytest.mark.parametrize(
    ("id", "percent", "expected"),
    [
        ("glorot.error.mnist.tanh", (1.76,), 1.76),
        ("glorot.error.shapeset.tanh_above_softsign", (27.15, 16.27), 10.88),
        ("glorot.error.shapeset.softsign_robust", (27.15, 15.60, 16.27, 16.06), 11.34),
        ("glorot.widths.growing.normalized_better", (40.0, 25.0), 15.0),
        ("glorot.widths.growing.same_gain", (40.0, 25.0, 35.0, 25.0), 1.5),
        ("glorot.widths.growing.same_gain", (40.0, 39.5, 40.0, 39.75), 2.0),  # half a point is one
        ("glorot.svm.net_better", (59.47, 50.47), 9.0),
        ("glorot.pretraining.error", (30.0, 40.0), 10.0),
        ("glorot.second_order.hessian.gains", (30.0, 25.0), 5.0),
        ("remedies.helps.adam", (30.0, 25.0), 5.0),
    ],
)
def test_errors_are_compared_as_stated(id, percent, expected):
    """In percentage points, worse minus better; gains of the first pair against the second."""
    np.testing.assert_allclose(estimate(id, *errors(*percent)), expected)


@pytest.mark.parametrize(
    ("hidden", "doubt"),
    [
        ((1000,) * 5, ""),
        ((500, 750, 1000, 1250, 1500), ""),  # growing: the paper's widest nets grow, too
        ((999,) * 5, "hidden layers of 999 units stand in for 1,000"),
        ((50, 100, 150), "hidden layers of 50 to 150 units stand in for 1,000"),
    ],
)
def test_narrow_nets_are_doubted_and_no_others(hidden, doubt):
    """Their widths are named; a doubt about the rate comes after it."""
    assert unlike_the_paper(errors(1.0, hidden=hidden)) == doubt
    both = unlike_the_paper(errors(1.0, 2.0, hidden=hidden, doubt="the rate is odd"))
    assert both == "; ".join(filter(None, [doubt, "the rate is odd", "the rate is odd"]))


def test_fewer_test_images_than_published_are_a_doubt():
    """Nine images decide nothing, however many seeds; a record that does not say may."""
    cells = errors(1.0, 2.0, hidden=(1000,) * 5)
    for count, doubt in ((9, "9 test images stand in for 10,000"), (10_000, ""), (26_000, "")):
        data = {"name": "imagenet", "hash": "x", "test_images": count}
        assert unlike_the_paper([cells[0], cells[1].assign_attrs(data=data)]) == doubt
    assert unlike_the_paper(cells) == ""


def test_remedies_are_compared_over_hidden_layers_and_seed_by_seed():
    """Gradients: geometric mean over hidden layers at step 0; updates: not of first and output."""
    pair = cells("gradient_step", "weight_gradient_norm")
    pair = [each.assign_coords(gradient_step=range(STEPS)) for each in pair]
    one, other = CURVES[:, :, 0, :5]
    expected = (one / other).prod(axis=1) ** (1 / 5)
    np.testing.assert_allclose(estimate("remedies.gradient.he", *pair), expected)
    ratios = np.array(
        [[[max(step[1:5]) / min(step[1:5]) for step in seed] for seed in each] for each in CURVES]
    )
    found = estimate("remedies.updates_alike.adam", *cells("update_step", "update_ratio"))
    spreads = ratios.prod(axis=2) ** (1 / STEPS)
    np.testing.assert_allclose(found, spreads[0] / spreads[1])


def test_before_the_first_step_one_rate_will_do():
    """The lowest: a replica a seed."""
    cell = small("gradient_step", x=np.ones((4, 1)), seeds=4)
    cell = cell.assign_coords(
        learning_rate=("replica", [0.1, 0.01, 0.01, 0.1]), seed=("replica", [0, 1, 0, 1])
    )
    assert lowest_rate(cell)["seed"].values.tolist() == [1, 0]


def test_what_a_claim_is_cannot_be_changed():
    """A rule that was fixed before measuring stays fixed."""
    with pytest.raises(AttributeError):
        BY_ID["glorot.svm.net_better"].rule = None
