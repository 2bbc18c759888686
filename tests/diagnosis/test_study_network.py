"""Hooks and the studies' own engine read the same numbers off the same training."""

import math
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from depthgauge import GradientFlow
from depthgauge.diagnosis.study_network import study_network
from depthgauge.errors import ConfigError
from depthgauge.nets.activations import activation
from depthgauge.nets.backpropagation import Pass
from depthgauge.nets.costs import cost
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.planning.plan import plan
from depthgauge.probes.gradients import gradient_values

STEPS = 9
STUDIES = {
    # widths, initialization, activation, cost, learning rate
    "nielsen": ([784, 30, 30, 30, 30, 10], "nielsen_default", "sigmoid", "quadratic", 0.1),
    "glorot": ([1024, 60, 60, 60, 60, 60, 10], "glorot_standard", "tanh", "nll", 0.1),
}


def images(features):
    generator = torch.Generator().manual_seed(3)
    x = torch.rand(40, features, generator=generator, dtype=torch.float64)
    return x, torch.randint(0, 10, (40,), generator=generator)


def by_engine(widths, init, function, cost_name, rate):
    """Full-batch descent by written-out back-propagation; the probes' values before each step."""
    network = ReplicaNetwork(widths, [0, 1], init, torch.float64)
    first = [each.clone() for each in (*network.weights, *network.biases)]
    x, y = images(widths[0])
    passed = Pass(network, activation(function), cost(cost_name), len(x))
    target = functional.one_hot(y, 10).double().expand(2, -1, -1)
    inputs = x.expand(2, -1, -1)
    seen = []
    for _ in range(STEPS):
        passed.forward(inputs)
        passed.backward(target)
        below = [inputs, *passed.activations[:-1]]
        seen.append(gradient_values(passed.deltas, below))
        layers = zip(network.weights, network.biases, passed.deltas, below, strict=True)
        for w, b, delta, a in layers:
            w -= rate / len(x) * delta.mT @ a
            b -= rate / len(x) * delta.sum(dim=1, keepdim=True)
    return first, seen


class Trained(pl.LightningModule):
    """The same descent by autograd and an optimizer of PyTorch's."""

    def __init__(self, net, cost_name, rate):
        super().__init__()
        self.net, self.cost_name, self.rate = net, cost_name, rate

    def training_step(self, batch, index):
        x, y = batch
        z = self.net(x)
        if self.cost_name == "nll":
            return functional.cross_entropy(z, y)
        return (torch.sigmoid(z) - functional.one_hot(y, 10)).square().sum(dim=1).mean() / 2

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), self.rate)


def by_callback(net, cost_name, rate, data, folder):
    flow = GradientFlow(page=None)
    trainer = pl.Trainer(
        max_steps=STEPS, callbacks=[flow], logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, default_root_dir=folder,
        accelerator="cpu", precision="64-true",
    )  # fmt: skip
    examples = DataLoader(TensorDataset(*data), batch_size=len(data[0]))
    trainer.fit(Trained(net, cost_name, rate), examples)
    return flow


@pytest.mark.parametrize("study", STUDIES)
def test_the_callback_and_the_engine_agree_to_a_millionth(study, tmp_path):
    widths, _, function, cost_name, rate = STUDIES[study]
    (first, seen), replica = by_engine(*STUDIES[study]), 1
    layers = len(widths) - 1
    weights, biases = [w[replica] for w in first[:layers]], [b[replica, 0] for b in first[layers:]]
    net = study_network(weights, biases, function)
    flow = by_callback(net, cost_name, rate, images(widths[0]), tmp_path)
    assert [look.step for look in flow.looks] == [0, 1, 2, 4, 8]
    for look in flow.looks:
        expected = seen[look.step]["delta_rms"][replica]
        found = torch.tensor([10**site.signal for site in look.sites], dtype=torch.float64)
        torch.testing.assert_close(found, expected.double(), rtol=1e-6, atol=0)


def test_the_network_has_the_studys_weights_in_their_precision():
    network = ReplicaNetwork([5, 4, 3], [0, 1], "nielsen_default", torch.float64)
    net = study_network([w[1] for w in network.weights], [b[1, 0] for b in network.biases], "tanh")
    assert [type(each) for each in net] == [nn.Linear, nn.Tanh, nn.Linear]
    assert torch.equal(net[2].weight, network.weights[1][1])
    assert math.isfinite(net(torch.ones(2, 5, dtype=torch.float64)).sum().item())


def test_an_activation_that_no_study_has_is_refused():
    with pytest.raises(ConfigError, match="activation=swish is unknown"):
        study_network([torch.ones(2, 2)], [torch.ones(2)], "swish")


def test_the_recipe_of_the_page_makes_a_studys_network():
    page = (Path(__file__).parents[2] / "docs" / "diagnosis.md").read_text(encoding="utf-8")
    (recipe,) = [block for block in page.split("```python\n") if "study_network import" in block]
    names: dict = {}
    exec(recipe.split("```")[0], names)
    assert names["net"](torch.zeros(2, 784, dtype=torch.float64)).shape == (2, 10)


def test_gradient_flow_on_a_study_is_refused_while_planning(project):
    """Its hooks would see nothing: the sentence says what measures the same, and the way round."""
    flow = "+callbacks.flow._target_=depthgauge.GradientFlow"
    with pytest.raises(ConfigError, match=r"GradientFlow sees .* gradients.every= .*study_network"):
        plan(["study=nielsen_accuracy", "scale=smoke", flow])
