"""Gradient norms against the numpy twin and brute force."""

import numpy as np
import pytest
import torch

import reference
from depthgauge.probes.gradients import (
    delta_norms,
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
    assert delta_norms([delta]).tolist() == [[5.0]]


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
    for found in (layer_speeds(deltas), delta_norms(deltas), weight_gradient_norms(deltas, inputs)):
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
