"""Optimizers and normalizations by import path do what those of this project do."""

import pytest
import torch

from depthgauge.errors import ConfigError
from depthgauge.nets.activations import activation
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.nets.remedied import Mode, RemediedNetwork
from depthgauge.training.directions import Directions, find_optimizer

HEAD = "import torch\n"
LAYER = """
def f(z):
    centred = z - z.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
"""


@pytest.mark.parametrize(
    ("path", "shipped"), [("torch.optim.Adam", "adam"), ("torch.optim.RMSprop", "rmsprop")]
)
def test_a_librarys_optimizer_steps_as_the_shipped_one(path, shipped):
    """The same directions for the same gradients, step by step, and after a checkpoint."""
    like = [torch.zeros(2, 3, 4), torch.zeros(2, 1, 3)]
    own, known = Directions(path, like), Directions(shipped, like)
    generator = torch.Generator().manual_seed(3)
    for step in range(4):
        gradients = [torch.randn(each.shape, generator=generator) for each in like]
        for one, other in zip(own.find(gradients), known.find(gradients), strict=True):
            assert torch.equal(one, other) and one.any()
        if step == 1:
            memory = own.memory()
            own = Directions(path, like)
            own.remember({name: each.clone() for name, each in memory.items()})


def test_layer_normalization_written_by_a_user_is_the_shipped_one(module):
    """Every z and a of a net, against torch's layer_norm."""
    drawn = ReplicaNetwork([6, 5, 4, 3], [0, 1], "he", torch.float64)
    x = torch.linspace(-1, 1, 2 * 7 * 6, dtype=torch.float64).sin().view(2, 7, 6)
    found = []
    for name in ("layer", f"{module(LAYER)}.f"):
        network = RemediedNetwork(drawn, activation("tanh"), name, False)
        assert len(network.learned) == 10  # weights, biases, and gain and shift of two layers
        found.append(network.respond(x, network.learned, Mode.learning))
    for one, other in zip(*(sums + values for sums, values in found), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("def f(p, lr):\n    return 3", "returns a int, and a torch.optim.Optimizer is needed"),
        ("def f(p):\n    return 3", "raises TypeError"),
        (
            "class f(torch.optim.SGD):\n    def step(self):\n"
            "        for p in self.param_groups[0]['params']:\n"
            "            p.data.sub_(self.param_groups[0]['lr'] * p.grad.cumsum(-1))",
            "does not treat each number by itself",
        ),
        (
            "class f(torch.optim.SGD):\n    def step(self):\n"
            "        for p in self.param_groups[0]['params']:\n"
            "            p.data.sub_(self.param_groups[0]['lr'] ** 2 * p.grad)",
            "does not step in proportion to its lr",
        ),
    ],
)
def test_a_wrong_optimizer_is_refused(body, sentence, module):
    """No optimizer, one that mixes numbers, one whose rate is no factor."""
    with pytest.raises(ConfigError, match=sentence):
        find_optimizer(f"{module(HEAD + body)}.f")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("def f(z):\n    return z[0]", r"returns \(4, 5\) for z of shape \(2, 4, 5\)"),
        ("def f(z):\n    return z / 0", "not finite"),
        ("def f(z):\n    return z.detach()", "autograd cannot differentiate"),
        ("def f(z):\n    return z - z.mean(0)", "lets networks share numbers"),
    ],
)
def test_a_wrong_normalization_is_refused(body, sentence, module):
    """Of another shape, not finite, or across networks."""
    drawn = ReplicaNetwork([6, 5, 3], [0, 1], "he", torch.float64)
    with pytest.raises(ConfigError, match=sentence):
        RemediedNetwork(drawn, activation("tanh"), f"{module(HEAD + body)}.f", False)
