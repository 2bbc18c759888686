"""Gradient norms against the numpy twin and brute force."""

import math

import numpy as np
import pytest
import torch

import reference
from depthgauge.nets.activations import activation
from depthgauge.nets.backpropagation import Pass
from depthgauge.nets.costs import cost
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.probes.gradients import (
    delta_rms,
    gradient_values,
    layer_speeds,
    mean_bias_gradients,
    weight_gradient_norms,
)
from depthgauge.probes.windows import window_norms


@pytest.fixture
def tensors():
    torch.manual_seed(5)
    deltas = [torch.randn(2, 6, n, dtype=torch.float64) for n in (5, 3)]
    inputs = [torch.randn(2, 6, n, dtype=torch.float64) for n in (7, 5)]
    return deltas, inputs


def test_speed_is_the_norm_of_the_mean_not_the_mean_of_norms():
    """Two opposite deltas cancel: the layer stands still, although each example pulls at it."""
    delta = torch.tensor([[[3.0, 4.0], [-3.0, -4.0]]])
    assert layer_speeds([delta]).tolist() == [[0.0]]
    assert delta_rms([delta]).tolist() == [[5.0]]


def test_speeds_match_the_twin_of_a_whole_network():
    """From weights to speed, one example at a time."""
    random = np.random.default_rng(3)
    weights = [random.normal(size=(4, 6)), random.normal(size=(3, 4))]
    biases = [random.normal(size=4), random.normal(size=3)]
    xs, ys = random.normal(size=(9, 6)), np.eye(3)[random.integers(0, 3, 9)]
    each = [reference.deltas(weights, biases, x, y, "tanh", "nll") for x, y in zip(xs, ys)]  # noqa: B905
    stacked = [torch.from_numpy(np.stack(layer))[None] for layer in zip(*each, strict=True)]
    _, grad_b = reference.mean_gradients(weights, biases, xs, ys, "tanh", "nll")
    expected = [np.linalg.norm(g) for g in grad_b]
    np.testing.assert_allclose(layer_speeds(stacked)[0], expected, rtol=1e-12)
    for mean, grad in zip(mean_bias_gradients(stacked), grad_b, strict=True):
        np.testing.assert_allclose(mean[0], grad, rtol=1e-12)


def test_delta_rms_is_the_root_mean_square_over_examples():
    """Norms of 5 and 13: the root of their mean square, not their mean, 9."""
    delta = torch.tensor([[[3.0, 4.0], [-5.0, 12.0]]])
    assert delta_rms([delta]).item() == pytest.approx(math.sqrt((25 + 169) / 2), rel=1e-15)


@pytest.mark.parametrize("examples", [2, 200])
@pytest.mark.parametrize("shared", [False, True])
def test_weight_gradient_norm_equals_the_formed_gradient(examples, shared):
    """Both ways of taking the product (few examples, many) agree with the gradient itself."""
    torch.manual_seed(1)
    delta = torch.randn(3, examples, 11, dtype=torch.float64)
    a = torch.randn(1 if shared else 3, examples, 13, dtype=torch.float64).expand(3, -1, -1)
    formed = torch.einsum("rei,rej->rij", delta, a) / examples
    expected = formed.square().sum(dim=(1, 2)).sqrt()
    found = weight_gradient_norms([delta], [a])
    torch.testing.assert_close(found[:, 0], expected, rtol=1e-12, atol=0)


def test_layers_keep_their_order(tensors):
    """Column l - 1 belongs to layer l."""
    deltas, inputs = tensors
    for found in (layer_speeds(deltas), delta_rms(deltas), weight_gradient_norms(deltas, inputs)):
        assert found.shape == (2, 2)
    assert torch.equal(layer_speeds(deltas)[:, 1], layer_speeds(deltas[1:])[:, 0])


def test_window_norm_is_that_of_the_mean_vector():
    """Against a loop; NaN until the window is full, and where a vector is missing."""
    random = np.random.default_rng(2)
    vectors = random.normal(size=(2, 9, 2, 4))
    vectors[:, :, 1, 3] = np.nan  # the second layer is narrower
    vectors[:, 8] = np.nan  # no mini-batch after the last step
    found = window_norms(vectors, 3)
    assert np.isnan(found[:, :2]).all() and np.isnan(found[:, 8]).all()
    for step in range(2, 8):
        mean = vectors[:, step - 2 : step + 1].mean(axis=1)
        np.testing.assert_allclose(found[:, step, 0], np.linalg.norm(mean[:, 0], axis=-1))
        narrow = np.linalg.norm(mean[:, 1, :3], axis=-1)
        np.testing.assert_allclose(found[:, step, 1], narrow)


def test_a_window_of_one_is_the_plain_norm():
    """The mini-batch's own norm is the window of a single step."""
    vectors = np.random.default_rng(0).normal(size=(1, 5, 1, 3))
    np.testing.assert_allclose(window_norms(vectors, 1), np.linalg.norm(vectors, axis=-1))


def formed_norms(deltas, inputs):
    """|mean over examples of delta a^T| by the whole matrix in float64, (replica, layer)."""
    found = []
    for delta, a in zip(deltas, inputs, strict=True):
        d, x = (each.double().numpy() for each in (delta, a))
        gradient = np.einsum("rei,rej->rij", d, x) / d.shape[1]
        found.append(np.sqrt((gradient**2).sum(axis=(1, 2))))
    return np.stack(found, axis=1)


@pytest.mark.parametrize("features", [13, 70])
@pytest.mark.parametrize("remains", [1e-2, 1e-4, 1e-5])
def test_gradients_that_cancel_keep_their_digits(remains, features):
    """Examples that cancel to a part `remains` of each: norms to 1e-6, in float32 inputs."""
    random = np.random.default_rng(4)
    delta = random.normal(size=(2, 20, 50))
    delta += (remains - 1) * delta.mean(axis=1, keepdims=True)
    a = 0.5 + 1e-3 * remains * random.normal(size=(2, 20, features))
    deltas, inputs = [torch.tensor(delta).float()], [torch.tensor(a).float()]
    found = gradient_values(deltas, inputs)
    expected = formed_norms(deltas, inputs)
    np.testing.assert_allclose(found["weight_gradient_norm"], expected, rtol=1e-6)
    mean = np.linalg.norm(deltas[0].double().numpy().mean(axis=1), axis=1)
    np.testing.assert_allclose(found["bias_gradient_norm"][:, 0], mean, rtol=1e-6)


def test_norms_on_a_plateau_are_those_of_float64():
    """Sigmoid nets that answer the class prior: gradients of examples cancel in the upper layers.

    In the last hidden layer a thousandth of a single one is left.
    """
    random, widths, steps, rate = np.random.default_rng(0), [20, 60, 60, 60, 60, 5], 300, 0.3
    count = 20
    y = torch.eye(widths[-1])[torch.from_numpy(random.integers(0, widths[-1], count))]
    x = torch.from_numpy(random.random((count, widths[0]))).float().expand(2, -1, -1)
    network = ReplicaNetwork(widths, [0, 1], "glorot_standard", torch.float32)
    passed = Pass(network, activation("sigmoid"), cost("nll"), count)
    for _ in range(steps):
        passed.forward(x)
        passed.backward(y, torch.full((2, 1, 1), rate / count))
        for layer, a in enumerate([x, *passed.activations[:-1]]):
            delta = passed.deltas[layer]
            network.weights[layer].baddbmm_(delta.mT, a, alpha=-1)
            network.biases[layer].sub_(delta.sum(dim=1, keepdim=True))
    passed.forward(x)
    passed.backward(y)
    inputs = [x, *passed.activations[:-1]]
    expected = formed_norms(passed.deltas, inputs)
    single = delta_rms(passed.deltas)[:, -2] * inputs[-2].norm(dim=2).mean(dim=1)
    assert (expected[:, -2] < 1e-3 * single.numpy()).all()
    found = weight_gradient_norms(passed.deltas, inputs)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_gradient_values_have_the_names_and_the_type_of_a_record(tensors):
    """What the settings ask for, in the deltas' own type; each value by the function above."""
    deltas, inputs = ([each.float() for each in group] for group in tensors)
    plain = gradient_values(deltas, inputs)
    assert set(plain) == {"bias_gradient_norm", "delta_rms", "weight_gradient_norm"}
    found = gradient_values(deltas, inputs, signals=True, per_neuron=True)
    assert {each.dtype for each in found.values()} == {torch.float32}
    means = np.stack([(a.double().numpy() ** 2).mean(axis=(1, 2)) for a in inputs], axis=1)
    np.testing.assert_allclose(found["input_square"], means, rtol=1e-6)
    assert found["bias_gradient"].shape == (2, 2, 5)
    second = deltas[1].double().mean(dim=1)
    np.testing.assert_allclose(found["bias_gradient"][:, 1, :3], second, rtol=1e-6)
    assert found["bias_gradient"][:, 1, 3:].isnan().all()
