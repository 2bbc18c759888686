"""(*) and (**) over random nets of any depth, width, scale, activation and cost."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from depthgauge.errors import ConfigError
from depthgauge.theory import (
    ACTIVATIONS,
    Net,
    bias_gradient_bound,
    bound_tolerance,
    chain_bias_gradients,
    deltas,
    exploding_chain,
    factor_per_layer,
    find_activation,
    forward,
    output_gain,
    rank_one_gap,
    rank_one_tolerance,
    spectral_norms,
    tightness,
    weight_gradients,
)

COSTS = [
    {"cost": "cross_entropy"},
    {"cost": "nll"},
    {"cost": "quadratic", "quadratic_output": "softmax"},
    *({"cost": "quadratic", "quadratic_output": name} for name in ACTIVATIONS),
]
quick = settings(deadline=None, derandomize=True, max_examples=300)


@st.composite
def examples(draw):
    """A net, its inputs and its targets; some nets have weights of rank one, which fill (**)."""
    widths = draw(st.lists(st.integers(1, 9), min_size=2, max_size=14))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = 10 ** draw(st.floats(-2, 1))
    shapes = list(zip(widths[1:], widths, strict=False))
    weights = [scale * random.normal(size=shape) for shape in shapes]
    if draw(st.booleans()):
        weights = [np.outer(w[:, 0], np.ones(w.shape[1])) for w in weights]
    biases = [draw(st.sampled_from([0.0, 1.0])) * random.normal(size=m) for m in widths[1:]]
    kinds = draw(st.sampled_from(COSTS))
    net = Net(weights, biases, draw(st.sampled_from(list(ACTIVATIONS))), **kinds)
    count = draw(st.integers(1, 6))
    targets = np.eye(widths[-1])[random.integers(widths[-1], size=count)]
    return net, random.normal(size=(count, widths[0])), targets


def bounded(net, inputs, targets):
    """|delta^l| of each example, its bound, and the two again for the mean over the batch."""
    found = deltas(net, inputs, targets)
    error = np.linalg.norm(forward(net, inputs)[1][-1] - targets, axis=1)
    gamma = find_activation(net.activation).gamma
    spectral = spectral_norms(net.weights)
    each = np.stack([np.linalg.norm(d, axis=1) for d in found], axis=-1)
    mean = np.array([np.linalg.norm(d.mean(axis=0)) for d in found])
    gain = output_gain(net)
    return (
        tightness(each, bias_gradient_bound(spectral, error, gamma, gain)),
        tightness(mean, bias_gradient_bound(spectral, error.mean(), gamma, gain)),
    )


@quick
@given(examples())
def test_bound_is_never_violated(example):
    """(**) holds for each example and for the batch's mean, within the derived rounding."""
    net, inputs, _ = example
    widths = [inputs.shape[1], *(b.size for b in net.biases)]
    for found in bounded(*example):
        assert found.max() <= 1 + bound_tolerance(widths, len(inputs))


@quick
@given(examples())
def test_identity_holds_for_each_example(example):
    """(*): |dC/dw^l| = |dC/db^l| |a^{l-1}| in both norms, within the derived rounding."""
    net, inputs, targets = example
    found = deltas(net, inputs, targets)
    activations = forward(net, inputs)[1]
    gradients = weight_gradients(found, activations)
    for gradient, delta, before in zip(gradients, found, activations, strict=False):
        size = np.linalg.norm(delta, axis=1) * np.linalg.norm(before, axis=1)
        assume((size > 1e-140).all())  # below it squares underflow
        allowed = rank_one_tolerance(delta.shape[1], before.shape[1])
        assert rank_one_gap(gradient, delta, before).max() <= allowed


def test_identity_is_false_for_a_batch_mean():
    """The gap sees that a mean of rank-one matrices is not of rank one."""
    random = np.random.default_rng(0)
    delta, before = random.normal(size=(10, 4)), random.normal(size=(10, 6))
    mean = np.einsum("eo,ei->oi", delta, before) / 10
    gaps = rank_one_gap(mean, delta.mean(axis=0), before.mean(axis=0))
    assert gaps.min() > 0.1 > rank_one_tolerance(4, 6)


@pytest.mark.parametrize("depth", [1, 3, 30])
def test_exploding_chain_fills_the_bound(depth):
    """At width 1 with every z = 0 (**) is an equality at every layer, and exceeding it shows."""
    weights, biases = exploding_chain(depth, 0.4)
    net = Net([w[None, None] for w in weights], [b[None] for b in biases])
    each, mean = bounded(net, np.array([[0.4]]), np.array([[1.0]]))
    np.testing.assert_allclose(each[0], 1, rtol=1e-12)
    np.testing.assert_allclose(mean, 1, rtol=1e-12)
    error = np.abs(0.5 - 1.0)
    too_low = bias_gradient_bound(np.abs(weights), error, 0.2499, 0.2499)
    gradients = np.abs(chain_bias_gradients(weights, np.zeros(depth), 0.5 - 1.0))
    assert (tightness(gradients, too_low) > 1 + bound_tolerance([1] * (depth + 1))).all()


def test_bound_is_written_out_for_three_layers():
    """gamma^(L-l+1) prod |w^r| |a - y|, term by term; cross-entropy lacks one gamma."""
    spectral, error, gamma = np.array([7.0, 3.0, 2.0]), 0.5, 0.25
    quadratic = [gamma**3 * 3 * 2 * error, gamma**2 * 2 * error, gamma * error]
    np.testing.assert_allclose(bias_gradient_bound(spectral, error, gamma, gamma), quadratic)
    entropy = np.array(quadratic) / gamma
    np.testing.assert_allclose(bias_gradient_bound(spectral, error, gamma, 1.0), entropy)


def test_bound_takes_replicas_and_steps():
    """Leading axes give the same numbers as one call for each."""
    random = np.random.default_rng(2)
    spectral, error = random.uniform(size=(3, 4, 5)), random.uniform(size=(3, 4))
    together = bias_gradient_bound(spectral, error, 0.25, 1.0)
    alone = bias_gradient_bound(spectral[2, 1], error[2, 1], 0.25, 1.0)
    np.testing.assert_array_equal(together[2, 1], alone)


def test_spectral_norm_is_the_largest_stretch():
    """|w|_2 = sqrt of the largest eigenvalue of w^T w = |w^T|_2, replica by replica."""
    random = np.random.default_rng(1)
    weights = [random.normal(size=(3, 6, 4)), random.normal(size=(3, 2, 6))]
    norms = spectral_norms(weights)
    assert norms.shape == (3, 2)
    largest = np.sqrt(np.linalg.eigvalsh(np.swapaxes(weights[0], 1, 2) @ weights[0])[:, -1])
    np.testing.assert_allclose(norms[:, 0], largest, rtol=1e-12)
    np.testing.assert_allclose(spectral_norms([w.swapaxes(1, 2) for w in weights]), norms)


def test_tightness_at_zero():
    """A bound of 0 is reached by 0 and broken by anything else."""
    np.testing.assert_array_equal(tightness([0, 1, 1], [0, 0, 2]), [1, np.inf, 0.5])


def test_factor_per_layer_is_the_geometric_mean():
    """1, 3, 4, 64 grows by 4 a layer on average; a dead first layer gives infinity."""
    np.testing.assert_allclose(factor_per_layer([[1, 3, 4, 64], [0, 1, 1, 1]]), [4, np.inf])
    spectral = np.full(5, 2.0)
    bound = bias_gradient_bound(spectral, 1.0, 0.25, 0.25)
    assert factor_per_layer(bound) == pytest.approx(1 / (0.25 * 2))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: spectral_norms([np.eye(2), np.full((2, 2), np.inf)]), "layer 2 must be finite"),
        (lambda: bias_gradient_bound([1, -1], 1.0, 1.0, 1.0), "spectral norms must be at least 0"),
        (lambda: tightness([np.nan], [1]), "norms must be finite"),
        (lambda: rank_one_gap(np.ones((2, 3)), np.ones(3), np.ones(2)), "do not fit 3 deltas"),
        (
            lambda: rank_one_gap(np.ones((5, 2, 3)), np.ones((5, 3)), np.ones((5, 2))),
            "do not fit 3 deltas and 2 activations",
        ),
        (lambda: factor_per_layer([1.0]), "2 layers or more"),
    ],
)
def test_bad_norms_get_one_sentence(call, sentence):
    """A value that cannot be a norm or a gradient of this layer is refused."""
    with pytest.raises(ConfigError, match=sentence):
        call()
