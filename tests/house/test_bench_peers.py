import copy
import sys
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import TensorDataset

from depthgauge.training import descent
from depthgauge.training.block import Task

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import ours
import peer_lightning
import peer_numpy
import peer_pytorch
import peer_vmap
import torch_net
from problems import Problem, synthetic

pytestmark = pytest.mark.filterwarnings("ignore:.*num_workers")

NIELSEN = Problem((784, 30, 30, 10), "sigmoid", "cross_entropy", rate=0.1, l2=5.0)
GLOROT = Problem((784, 40, 30, 10), "tanh", "nll", rate=0.05, l2=0.0)
STEPS = 5


def torch_peers(problem, net, images, labels):
    """Train copies of `net` by both torch peers; return them."""
    x, y = torch_net.pairs(problem, torch.from_numpy(images), torch.from_numpy(labels))
    plain, carried = copy.deepcopy(net), copy.deepcopy(net)
    peer_pytorch.train(problem, plain, x, y, STEPS)
    peer_lightning.train(problem, carried, TensorDataset(x, y), STEPS)
    return [plain, carried]


def by_vmap(problem, net, images, labels):
    """Train two copies of `net` by the mapped peer; return the parameters of each."""
    x, y = torch_net.pairs(problem, torch.from_numpy(images), torch.from_numpy(labels))
    names = [name for name, _ in net.named_parameters()]
    parameters = {
        name: each.detach().expand(2, *each.shape).clone() for name, each in net.named_parameters()
    }
    peer_vmap.descend(problem, net, parameters, x, y, STEPS)
    return [[parameters[name][replica] for name in names] for replica in range(2)]


class Carrier(pl.Callback):
    """Lets our loop start from the parameters of a torch net, and keeps those it ends with."""

    def __init__(self, net):
        self.net = net

    def on_fit_start(self, trainer, pl_module):
        network = pl_module.network
        self.parameters = list(chain(*zip(network.weights, network.biases, strict=True)))
        for buffer, parameter in zip(self.parameters, self.net.parameters(), strict=True):
            buffer.copy_(parameter.detach().view_as(buffer))


def by_us(problem, net, images, labels, folder):
    """Train one replica from `net` by our whole loop; return its parameters in torch's order."""
    carrier, data = Carrier(net), ours.prepared(images, labels)
    block = ours.block_of(problem, seeds=1, steps=STEPS, count=len(labels), every=0)
    descent.run(Task(block, data, "cpu", folder, lambda *_: [carrier]))
    return carrier.parameters


def by_jax(problem, net, images, labels):
    """Train the JAX peer from `net`, both ways; return the parameters in the order of torch."""
    import jax.numpy as jnp
    import peer_jax

    pairs = [each.detach().numpy() for each in net.parameters()]
    nets = [
        (jnp.asarray(w.T[None]), jnp.asarray(b[None]))
        for w, b in zip(pairs[::2], pairs[1::2], strict=True)
    ]
    order = np.tile(np.arange(problem.batch), (STEPS, 1, 1))
    x, y = jnp.asarray(images), jnp.asarray(labels)
    ends = [peer_jax.chunk(problem, hand, x, y, nets, order) for hand in (False, True)]
    return [
        list(chain(*((torch.tensor(np.asarray(w[0].T)), torch.tensor(np.asarray(b[0])))
                     for w, b in end)))
        for end in ends
    ]  # fmt: skip


def by_numpy(problem, net, images, labels):
    """Train the numpy peer from `net`; return its parameters in the order of torch."""
    parameters = [each.detach().numpy().astype(float) for each in net.parameters()]
    weights, biases = parameters[::2], [each[:, None] for each in parameters[1::2]]
    peer_numpy.train(problem, weights, biases, peer_numpy.pairs(images, labels), STEPS)
    return list(chain(*zip(weights, biases, strict=True)))


@pytest.mark.slow
@pytest.mark.parametrize("problem", [NIELSEN, GLOROT], ids=["nielsen", "glorot"])
def test_ours_and_every_peer_do_the_same_work(problem, tmp_path):
    """From one net and one mini-batch, five steps lead all of them to the same weights.

    Ten examples are one mini-batch, so the order drawn by each does not matter.
    """
    torch.manual_seed(0)
    net, (images, labels) = torch_net.build(problem), synthetic(problem.batch)
    trained = [list(each.parameters()) for each in torch_peers(problem, net, images, labels)]
    trained += by_vmap(problem, net, images, labels)
    trained.append(by_us(problem, net, images, labels, tmp_path))
    if find_spec("jax"):
        trained += by_jax(problem, net, images, labels)
    if problem is NIELSEN:
        trained.append(by_numpy(problem, net, images, labels))
    for others in trained:
        for start, first, other in zip(net.parameters(), trained[0], others, strict=True):
            first, other = (np.asarray(torch.as_tensor(each).detach()) for each in (first, other))
            np.testing.assert_allclose(other.reshape(first.shape), first, rtol=2e-4, atol=2e-6)
            assert np.abs(first - start.detach().numpy()).max() > 1e-3


def test_the_torch_peers_learn():
    """On mini-batches drawn from 500 examples the cost falls to less than half."""
    torch.manual_seed(0)
    x, y = torch_net.pairs(NIELSEN, *map(torch.from_numpy, synthetic(500)))
    start = torch_net.build(NIELSEN)
    before = torch_net.cost(NIELSEN, start(x), y)
    plain, carried = copy.deepcopy(start), copy.deepcopy(start)
    seconds = peer_pytorch.train(NIELSEN, plain, x, y, 600)
    carried_seconds = peer_lightning.train(NIELSEN, carried, TensorDataset(x, y), 600)
    assert min(seconds, carried_seconds) > 0
    assert torch_net.cost(NIELSEN, plain(x), y) < before / 2
    assert torch_net.cost(NIELSEN, carried(x), y) < before / 2


@pytest.mark.slow
def test_ours_is_timed_on_the_whole_loop():
    """The time is that of training alone, and grows with the steps."""
    data = ours.prepared(*synthetic(200))
    ours.train(NIELSEN, 3, 100, data, 100)  # compiles, where nobody has yet
    short, long = (ours.train(NIELSEN, 3, 100, data, steps) for steps in (100, 2000))
    assert 0 < short < long
