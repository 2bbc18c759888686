"""Initial weights: the published laws, and one stream for each seed and layer."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch
from scipy import stats

from depthgauge.errors import ConfigError
from depthgauge.nets.activations import activation
from depthgauge.nets.costs import cost
from depthgauge.nets.initializers import INITIALIZERS, initial_layer, initializer
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.theory.variance import initial_variances

N_IN, N_OUT = 300, 100  # fan-in and fan-out differ, so that swapping them shows

LAWS = {
    "nielsen_default": stats.norm(scale=N_IN**-0.5),
    "nielsen_large": stats.norm(),
    "glorot_standard": stats.uniform(-(N_IN**-0.5), 2 * N_IN**-0.5),
    "glorot_normalized": stats.uniform(-((6 / 400) ** 0.5), 2 * (6 / 400) ** 0.5),
    "he": stats.norm(scale=(2 / N_IN) ** 0.5),
}


@pytest.mark.parametrize("name", LAWS)
def test_weights_follow_the_published_law(name):
    """Kolmogorov-Smirnov of 30,000 weights of a layer that is not square."""
    weights, _ = initial_layer(name, 3, 1, N_IN, N_OUT)
    assert weights.shape == (N_OUT, N_IN)
    assert stats.kstest(weights.ravel(), LAWS[name].cdf).pvalue > 0.001


@pytest.mark.parametrize("name", ["nielsen_default", "nielsen_large"])
def test_nielsens_biases_are_standard_normal(name):
    """B ~ N(0, 1) in both of the chapter's inits."""
    biases = np.concatenate([initial_layer(name, s, 2, 10, 100)[1] for s in range(50)])
    assert stats.kstest(biases, "norm").pvalue > 0.001


@pytest.mark.parametrize("shape", [(6, 9), (9, 6), (7, 7)])
def test_orthogonal_weights_preserve_lengths(shape):
    """Orthonormal rows of a wide matrix, orthonormal columns of a tall one."""
    n_out, n_in = shape
    w, _ = initial_layer("orthogonal", 2, 1, n_in, n_out)
    assert w.shape == shape
    np.testing.assert_allclose(np.linalg.svd(w, compute_uv=False), 1, rtol=1e-12)


def test_orthogonal_weights_have_no_preferred_direction():
    """Each entry of a uniform 2 x 2 orthogonal matrix is a cosine of a uniform angle."""
    entries = np.array([initial_layer("orthogonal", s, 1, 2, 2)[0] for s in range(1500)])
    for entry in entries.reshape(1500, 4).T:
        assert stats.kstest(entry, stats.arcsine(-1, 2).cdf).pvalue > 0.001


def test_the_drawn_init_is_eq_1_at_both_ends_and_wider_than_eq_16_between():
    """Figs. 6, 7, 10: U[-1/sqrt(n_in), ..] first and last; between, 5/4 of eq. 16's variance."""
    network = ReplicaNetwork([60, 50, 40, 30], [0, 1], "glorot_drawn", torch.float64)
    limits = [60**-0.5, (1.25 * 6 / 90) ** 0.5, 40**-0.5]
    for w, limit in zip(network.weights, limits, strict=True):
        entries = w.numpy().ravel() / limit
        assert stats.kstest(entries, stats.uniform(-1, 2).cdf).pvalue > 0.001
    expected, bias = initial_variances("glorot_drawn", [60, 50, 40, 30])
    np.testing.assert_allclose(expected, np.square(limits) / 3, rtol=1e-12)
    assert bias == 0 and not any(b.any() for b in network.biases)


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - {"glorot_drawn"}))
def test_theory_knows_the_variance_of_every_init(name):
    """The engine's draws have the variances that theory's predictions start from."""
    widths = [12, 20, 9]
    expected, bias = initial_variances(name, widths)
    for layer, (n_in, n_out) in enumerate(pairwise(widths), start=1):
        drawn = [initial_layer(name, seed, layer, n_in, n_out) for seed in range(300)]
        w, b = (np.stack(each) for each in zip(*drawn, strict=True))
        assert w.var() == pytest.approx(expected[layer - 1], rel=0.05)
        assert b.var() == pytest.approx(bias, rel=0.1)


@pytest.mark.parametrize("name", ["glorot_standard", "glorot_normalized", "he", "orthogonal"])
def test_their_biases_are_zero(name):
    """Biases start at 0 in the papers."""
    assert not initial_layer(name, 0, 1, 10, 20)[1].any()


def test_streams_differ_by_seed_and_layer():
    """No two of (seed, layer) share a stream."""
    draws = [initial_layer("nielsen_large", *at, 4, 5)[0] for at in product(range(3), range(1, 4))]
    assert len({draw.tobytes() for draw in draws}) == 9


def test_a_seed_means_the_same_first_layer_at_every_depth():
    """Paired comparisons over depth start from the same weights where shapes agree."""
    shallow = ReplicaNetwork([9, 5, 3], [4], "nielsen_default", torch.float32)
    deep = ReplicaNetwork([9, 5, 5, 3], [4], "nielsen_default", torch.float32)
    assert torch.equal(shallow.weights[0], deep.weights[0])


@pytest.mark.parametrize("look_up", [initializer, activation, cost])
def test_an_unknown_name_lists_the_known_ones(look_up):
    """One sentence, with what there is to choose from."""
    with pytest.raises(ConfigError, match=r"nosuch is unknown; choose one of .+, "):
        look_up("nosuch")


def test_finite_tells_which_replica_is_lost():
    """One bad weight marks its replica alone."""
    network = ReplicaNetwork([4, 3, 2], [0, 1, 2], "nielsen_default", torch.float32)
    network.weights[1][1, 0, 0] = float("nan")
    network.biases[0][2, 0, 1] = float("inf")
    assert network.finite().tolist() == [True, False, False]


def test_finite_weights_are_finite_however_large():
    """Two weights of 3e38, whose sum is beyond float32."""
    network = ReplicaNetwork([4, 3, 2], [0, 1], "nielsen_default", torch.float32)
    network.weights[1][0, 0, :2] = 3e38
    assert network.finite().tolist() == [True, True]
