"""Costs over two weights of a small net: autograd, finite differences, and the procedure."""

from pathlib import Path

import numpy as np
import pytest
import torch

from depthgauge.config import Experiment, Surface
from depthgauge.errors import ConfigError
from depthgauge.nets.initializers import initial_layer
from depthgauge.probes.cost_surface import surface
from depthgauge.training.block import Block, Task
from depthgauge.training.limits import CHECKS
from depthgauge.training.surfaces import COSTS, run

VALUES = np.linspace(-3, 3, 5)


@pytest.fixture
def net():
    """Three inputs, four hidden units, five classes, seven examples."""
    random = np.random.default_rng(3)
    weights = random.standard_normal((4, 3)), random.standard_normal((5, 4))
    return weights, random.standard_normal((7, 3)), np.eye(5)[random.integers(5, size=7)]


def twin(cost, weights, x, y, first, second):
    """The same cost and slope by autograd, with the two weights put in."""
    w1, w2 = (torch.tensor(each) for each in weights)
    w1[0, 0], w2[0, 0] = first, second
    w1.requires_grad_(), w2.requires_grad_()
    a = torch.softmax(torch.tanh(torch.tensor(x) @ w1.T) @ w2.T, dim=1)
    target = torch.tensor(y)
    each = -(target * a.log()).sum(1) if cost == "nll" else (a - target).square().sum(1)
    each.mean().backward()
    return each.mean().item(), np.hypot(w1.grad[0, 0].item(), w2.grad[0, 0].item())


@pytest.mark.parametrize("cost", ["nll", "softmax_quadratic"])
def test_cost_and_slope_match_autograd(cost, net):
    """At every point of the plane, corners included."""
    height, slope = surface(cost, *net, VALUES)
    for i, first in enumerate(VALUES):
        for j, second in enumerate(VALUES):
            found = height[i, j], slope[i, j]
            assert found == pytest.approx(twin(cost, *net, first, second), rel=1e-10)


def test_the_slope_is_the_steepness_of_the_surface(net):
    """Central differences of the heights over a fine grid."""
    fine = np.linspace(-2, 2, 401)
    height, slope = surface("softmax_quadratic", *net, fine)
    along = np.gradient(height, fine[1] - fine[0], edge_order=2)
    np.testing.assert_allclose(np.hypot(*along)[2:-2, 2:-2], slope[2:-2, 2:-2], atol=2e-4)


def test_a_far_weight_overflows_nothing(net):
    """Weights of 1e4 give finite costs."""
    for cost in ("nll", "softmax_quadratic"):
        assert all(np.isfinite(each).all() for each in surface(cost, *net, 1e4 * VALUES))


def task(seeds, data, **keys):
    settings = Surface(points=5, span=3.0, features=4, classes=3)
    experiment = Experiment(hidden=[6], activation="tanh", surface=settings, **keys)
    block = Block(experiment, [(seed, 0.1) for seed in seeds], "key", "cell")
    return Task(block, data, "cpu", Path(), lambda *_: [])


def test_a_seed_is_the_same_in_any_company(small_data):
    """Alone and between others, bit for bit; two seeds differ."""
    alone = run(task([5], small_data))
    together = run(task([4, 5, 6], small_data))
    for name in (f"{kind}_{cost}" for kind in ("surface", "slope") for cost in COSTS):
        assert (alone[name][0] == together[name][1]).all()
        assert not (together[name][0] == together[name][1]).any()


def test_the_record_is_the_surface_over_the_weights_named(small_data):
    """At the grid point nearest to a weight's own value both costs are those of the drawn net."""
    record = run(task([0], small_data))
    assert record["first_weight"].values.tolist() == [-3, -1.5, 0, 1.5, 3]
    assert record["surface_nll"].dims == ("replica", "first_weight", "second_weight")
    # neither cost can be negative, and the quadratic one of two distributions is at most 2
    assert (record["surface_nll"] > 0).all()
    assert (record["surface_softmax_quadratic"] > 0).all() and (
        record["surface_softmax_quadratic"] < 2
    ).all()


def test_a_seeds_net_is_the_one_that_other_procedures_draw(small_data):
    """Layers 1 and 2 of the seed's initial weights; its signal from a stream of its own, 2."""
    record = run(task([7], small_data))
    weights = [
        initial_layer("nielsen_default", 7, layer, n_in, n_out)[0]
        for layer, n_in, n_out in ((1, 4, 6), (2, 6, 3))
    ]
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence(7, spawn_key=(2,))))
    x = random.standard_normal((Experiment().batch_size, 4))
    y = np.eye(3)[random.integers(3, size=len(x))]
    for cost in ("nll", "softmax_quadratic"):
        for i, first in enumerate(record["first_weight"].values):
            height, slope = twin(cost, weights, x, y, first, 1.5)
            assert float(record[f"surface_{cost}"][0, i, 3]) == pytest.approx(height, rel=1e-5)
            assert float(record[f"slope_{cost}"][0, i, 3]) == pytest.approx(slope, rel=1e-4)


def test_a_net_of_one_hidden_layer_of_tanh_will_do(small_data):
    """However wide it is."""
    for width in (1, 3, 1000):
        CHECKS["surfaces"](Experiment(hidden=[width], activation="tanh"), small_data)


@pytest.mark.parametrize("keys", [{"activation": "sigmoid"}, {"hidden": [3, 3]}])
def test_another_net_is_refused(keys, small_data):
    """One sentence names what the procedure can draw."""
    with pytest.raises(ConfigError, match=r"take activation=tanh and one hidden layer"):
        CHECKS["surfaces"](Experiment(**{"hidden": [3], "activation": "tanh", **keys}), small_data)
