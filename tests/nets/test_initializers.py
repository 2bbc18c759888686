"""Initial weights: the published laws, and one stream for each seed and layer."""

from itertools import product

import numpy as np
import pytest
import torch
from scipy import stats

from depthgauge.errors import ConfigError
from depthgauge.nets.activations import activation
from depthgauge.nets.costs import cost
from depthgauge.nets.initializers import initial_layer, initializer
from depthgauge.nets.network import ReplicaNetwork

N_IN, N_OUT = 300, 100  # fan-in and fan-out differ, so that swapping them shows

LAWS = {
    "nielsen_default": stats.norm(scale=N_IN**-0.5),
    "nielsen_large": stats.norm(),
    "glorot_standard": stats.uniform(-(N_IN**-0.5), 2 * N_IN**-0.5),
    "glorot_normalized": stats.uniform(-((6 / 400) ** 0.5), 2 * (6 / 400) ** 0.5),
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


@pytest.mark.parametrize("name", ["glorot_standard", "glorot_normalized"])
def test_glorots_biases_are_zero(name):
    """Biases start at 0 in the paper."""
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
