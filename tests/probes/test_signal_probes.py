"""Spreads, histograms, Jacobians, output speeds: against numpy, finite differences and laws."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

import reference
from depthgauge.nets.activations import activation
from depthgauge.nets.backpropagation import Pass
from depthgauge.nets.costs import cost
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.probes.histograms import (
    FINEST,
    activation_edges,
    activation_shares,
    gradient_edges,
    gradient_shares,
)
from depthgauge.probes.jacobians import mean_singular_values
from depthgauge.probes.output_speed import constant_logits, output_speeds, parameter_speeds
from depthgauge.probes.saturation import activation_histograms, moments, outermost
from depthgauge.probes.signal import (
    batch_weight_gradient_histograms,
    delta_histograms,
    summed,
    weight_gradient_histograms,
    weight_gradient_moments,
)
from depthgauge.theory import Net, layer_jacobians, mean_singular_value

NAMES = ("sigmoid", "tanh", "softsign")
WIDTHS = [5, 7, 6, 8, 3]
EXAMPLES = 11


class Passed:
    """Two replicas of a small net after one pass, in float64, and plain arrays of the first."""

    def __init__(self, name, seeds=(3, 4)):
        self.name = name
        self.network = ReplicaNetwork(WIDTHS, list(seeds), "glorot_normalized", torch.float64)
        random = np.random.default_rng(5)
        self.xs = random.uniform(-1, 1, (EXAMPLES, WIDTHS[0]))
        self.ys = np.eye(WIDTHS[-1])[random.integers(0, WIDTHS[-1], EXAMPLES)]
        run = Pass(self.network, activation(name), cost("nll"), EXAMPLES)
        x = torch.from_numpy(self.xs).expand(len(seeds), -1, -1)
        run.forward(x)
        run.backward(torch.from_numpy(self.ys))
        self.run, self.deltas, self.values = run, run.deltas, [x, *run.activations]
        self.weights = [w[0].numpy() for w in self.network.weights]
        self.biases = [b[0, 0].numpy() for b in self.network.biases]


@pytest.fixture(params=NAMES)
def passed(request):
    return Passed(request.param)


def test_moments_and_percentile_are_those_of_all_units_and_examples(passed):
    """Mean, standard deviation and the modulus that 98 of 100 do not exceed, by layer."""
    mean, spread = moments(passed.deltas)
    top = outermost(passed.deltas)
    for layer, delta in enumerate(passed.deltas):
        for replica in range(2):
            every = delta[replica].numpy().ravel()
            assert_allclose(mean[replica, layer], every.mean(), rtol=1e-12, atol=1e-15)
            assert_allclose(spread[replica, layer], every.std(), rtol=1e-12)
            rank = int(np.ceil(0.98 * every.size))
            assert top[replica, layer] == np.sort(np.abs(every))[rank - 1]


def test_weight_gradients_are_taken_entry_by_entry_and_example_by_example(passed):
    """Their spread is that of every entry of every delta a^T; histograms count the first images."""
    inputs = passed.values[:-1]
    mean, spread = weight_gradient_moments(passed.deltas, inputs)
    shares = weight_gradient_histograms(passed.deltas, inputs, 4)
    for layer in range(len(WIDTHS) - 1):
        entries = np.stack(
            [
                np.outer(
                    reference.deltas(passed.weights, passed.biases, x, y, passed.name, "nll")[
                        layer
                    ],
                    reference.forward(passed.weights, passed.biases, x, passed.name)[1][layer],
                )
                for x, y in zip(passed.xs, passed.ys, strict=True)
            ]
        )
        assert_allclose(mean[0, layer], entries.mean(), rtol=1e-9, atol=1e-15)
        assert_allclose(spread[0, layer], entries.std(), rtol=1e-9)
        counts, _ = np.histogram(entries[:4], gradient_edges())
        assert_allclose(shares[0, layer], counts / entries[:4].size, atol=1e-15)


def test_bins_are_the_stated_ones():
    """Shares agree with numpy's histogram, sum to 1, and keep what lies beyond in the last bin."""
    random = np.random.default_rng(1)
    values = random.uniform(-1.2, 1.2, 5000)
    counts, _ = np.histogram(values.clip(-1, 1), activation_edges())
    assert_allclose(activation_shares(torch.from_numpy(values)), counts / 5000, atol=1e-15)
    values = random.standard_normal(5000) * 10 ** random.uniform(-9, 1, 5000)
    counts, _ = np.histogram(values.clip(-1, 1), gradient_edges())
    assert_allclose(gradient_shares(torch.from_numpy(values)), counts / 5000, atol=1e-15)
    edges = gradient_edges()
    assert_allclose(edges[[0, 120, 240]], [-1, 0, 1], atol=1e-15)
    assert edges[121] < 2 * FINEST
    assert activation_shares(torch.tensor([0.0, np.inf])).isnan().all()


def test_jacobians_are_those_of_theory(passed):
    """diag(f') w of each hidden layer that a hidden layer feeds, averaged over examples."""
    found = mean_singular_values(activation(passed.name), passed.network.weights, passed.values[1:])
    net = Net(passed.weights, passed.biases, passed.name, "nll")
    for index, jacobian in enumerate(layer_jacobians(net, passed.xs)):
        if index:
            wanted = np.linalg.svd(jacobian, compute_uv=False).mean()
            assert_allclose(found[0, index], wanted, rtol=1e-10)
    assert found[:, [0, -1]].isnan().all()


def test_jacobians_of_wide_nets_follow_the_quarter_circle():
    """For small signals the mean singular value is 8/(3 pi) sqrt(n Var w); law, not our output."""
    network = ReplicaNetwork([20, 400, 400, 2], [0], "glorot_standard", torch.float64)
    values = [torch.zeros(1, 1, n, dtype=torch.float64) for n in network.widths[1:]]
    found = mean_singular_values(activation("tanh"), network.weights, values)
    assert_allclose(found[0, 1], mean_singular_value(400, 1 / 1200), rtol=0.01)


def test_a_jacobian_that_is_not_finite_is_not_a_number():
    """A diverged replica costs its own value, not the run."""
    passed = Passed("tanh")
    passed.network.weights[1][0, 0, 0] = np.inf
    found = mean_singular_values(activation("tanh"), passed.network.weights, passed.values[1:])
    assert found[0, 1].isnan() and found[1, 1].isfinite()


def test_output_speeds_are_what_a_small_step_does(passed):
    """Finite differences: a tiny step of gradient descent moves b and W h by these speeds."""
    step = 1e-6
    grad_w, grad_b = reference.mean_gradients(
        passed.weights, passed.biases, passed.xs, passed.ys, passed.name, "nll"
    )

    def output(sign):
        weights = [w - sign * step * g for w, g in zip(passed.weights, grad_w, strict=True)]
        biases = [b - sign * step * g for b, g in zip(passed.biases, grad_b, strict=True)]
        tops = [reference.forward(weights, biases, x, passed.name)[1][-2] for x in passed.xs]
        return biases[-1], np.array(tops) @ weights[-1].T

    (b_after, after), (b_before, before) = output(1), output(-1)
    signal = (after - before) / (2 * step)
    varying = signal - signal.mean(axis=0)
    found = output_speeds(
        activation(passed.name),
        passed.network.weights,
        passed.deltas,
        passed.values[:-1],
        passed.values[1:],
    )
    wanted = {
        "output_bias_speed": np.linalg.norm(b_after - b_before) / (2 * step),
        "output_signal_speed": np.sqrt((signal**2).sum(axis=1).mean()),
        "image_signal_speed": np.sqrt((varying**2).sum(axis=1).mean()),
    }
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert_allclose(found[name][0], value, rtol=1e-6)


def test_constant_logits_and_parameter_speeds_match_numpy(passed):
    """Costs with h and with its mean in its place; one bias's and one weight's gradient."""
    w, b, h = passed.weights[-1], passed.biases[-1], passed.values[-2][0].numpy()
    z = h @ w.T + b
    found = constant_logits(
        cost("nll"),
        passed.network.weights[-1],
        passed.network.biases[-1],
        passed.values[-2],
        torch.from_numpy(passed.ys),
    )
    for name, logits in (("output_cost", z), ("constant_output_cost", z.mean(0) + 0 * z)):
        wanted = np.mean(
            [reference.value("nll", *pair) for pair in zip(logits, passed.ys, strict=True)]
        )
        assert_allclose(found[name][0], wanted, rtol=1e-12)
    grad_w, grad_b = reference.mean_gradients(
        passed.weights, passed.biases, passed.xs, passed.ys, passed.name, "nll"
    )
    found = parameter_speeds(passed.deltas[-1], passed.values[-2])
    assert_allclose(found["output_bias_gradient"][0], np.sqrt((grad_b[-1] ** 2).mean()), rtol=1e-12)
    assert_allclose(
        found["output_weight_gradient"][0], np.sqrt((grad_w[-1] ** 2).mean()), rtol=1e-12
    )


def test_mini_batch_histograms_count_sums_of_gradients(passed):
    """Sums of delta and of dC/dw over examples 1-2, 3-4, ..., by numpy's histogram."""
    summed_deltas = summed([each[:, :10] for each in passed.deltas], 2)
    shares = delta_histograms(summed_deltas)
    of_weights = batch_weight_gradient_histograms(passed.deltas, passed.values[:-1], 2, 2)
    for layer, (delta, a) in enumerate(zip(passed.deltas, passed.values, strict=False)):
        d, x = delta[0, :10].numpy(), a[0].numpy()
        sums = d[0::2] + d[1::2]
        assert_allclose(summed_deltas[layer][0], sums, rtol=1e-14, atol=1e-18)
        counts, _ = np.histogram(sums.clip(-1, 1), gradient_edges())
        assert_allclose(shares[0, layer], counts / sums.size, atol=1e-15)
        gradients = np.array([d[at : at + 2].T @ x[at : at + 2] for at in (0, 2)])
        counts, _ = np.histogram(gradients.clip(-1, 1), gradient_edges())
        assert_allclose(of_weights[0, layer], counts / gradients.size, atol=1e-15)


def test_what_tells_images_apart_keeps_its_digits():
    """Nearly equal images move nearly alike: in float32 tensors the rest is still right to 1e-5."""
    passed = Passed("sigmoid")
    images = passed.values[0][:, :1] + 1e-5 * (passed.values[0] - passed.values[0][:, :1])
    passed.run.forward(images)
    passed.run.backward(torch.from_numpy(passed.ys))
    inputs = [images, *passed.run.activations[:-1]]
    groups = passed.network.weights, passed.run.deltas, inputs, inputs[1:]
    low = [[each.float() for each in group] for group in groups]
    exact = [[each.double() for each in group] for group in low]
    f = activation("sigmoid")
    found, wanted = (output_speeds(f, *group)["image_signal_speed"] for group in (low, exact))
    assert_allclose(found, wanted, rtol=1e-5)


def test_a_bin_holds_more_values_than_float32_can_count():
    """2^24 + 2^20 float32 values in one bin, as many in another: half of the values each."""
    values = torch.cat([torch.full(((1 << 24) + (1 << 20),), each) for each in (-0.5, 0.5)])
    shares = activation_shares(values)
    assert shares[shares > 0].tolist() == [0.5, 0.5]


def test_company_changes_no_bit():
    """A replica's numbers are the same alone and among others."""
    alone, among = Passed("softsign", (4,)), Passed("softsign", (3, 4, 5))

    def numbers(passed, replica):
        inputs = passed.values[:-1]
        f = activation(passed.name)
        group = f, passed.network.weights, passed.deltas
        return [
            *(each[replica] for each in moments(passed.values)),
            outermost(passed.values)[replica],
            activation_histograms(passed.values)[replica],
            *(each[replica] for each in weight_gradient_moments(passed.deltas, inputs)),
            delta_histograms(passed.deltas)[replica],
            weight_gradient_histograms(passed.deltas, inputs, 2)[replica],
            delta_histograms(summed([each[:, :10] for each in passed.deltas], 2))[replica],
            batch_weight_gradient_histograms(passed.deltas, inputs, 2, 2)[replica],
            *(
                each[replica]
                for each in parameter_speeds(passed.deltas[-1], passed.values[-2]).values()
            ),
            mean_singular_values(f, passed.network.weights, passed.values[1:])[replica],
            *(each[replica] for each in output_speeds(*group, inputs, inputs[1:]).values()),
        ]

    for one, other in zip(numbers(alone, 0), numbers(among, 1), strict=True):
        assert torch.equal(one.nan_to_num(), other.nan_to_num())
