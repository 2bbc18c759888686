"""Networks for the rules about the loss: applied twice, and no better than guessing.

Committed before any of them was run. Those rules were added after the first scored run, because of
its misses; `TUNING` names the networks that were looked at for it, and the rates leave them out.
Half of these are healthy and could be mistaken for the faulty ones.
"""

from collections.abc import Iterator
from typing import Any

import torch
from diagnosis_nets import (
    ALIKE,
    OTHER,
    TWICE,
    Made,
    Net,
    adam,
    batches,
    classify,
    conv,
    dense,
    regression,
    residual,
    sgd,
    transformer,
)
from torch import Tensor, nn
from torch.nn import functional

TUNING = frozenset({"softmax twice", "random labels", "regression, targets shuffled"})
"""Networks whose results led to a rule, or were looked at when one was changed."""

FRESH = 121
"""Batches for a whole training: labels without meaning cannot be learned by heart."""


class Functional(nn.Module):
    """A network followed by a function that is no module."""

    def __init__(self, body: nn.Module, function: Any) -> None:
        super().__init__()
        self.body, self.function = body, function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self.body(x))


def meaningless_labels() -> Made:
    """Labels drawn without looking at the images, for convolutions with batch norm."""
    net, loss, _, _ = conv(4, 10, True, nn.ReLU)
    data = [(x, torch.randint(10, y.shape)) for x, y in batches(count=FRESH, shape=(1, 8, 8))]
    return net, loss, data, sgd(net, 0.02)


def targets_of_others() -> Made:
    """A regression whose targets are shuffled within each batch."""
    net, loss, _, optimizer = regression()
    data = []
    for x in torch.randn(FRESH, 64, 8):
        y = x.sin().sum(dim=1, keepdim=True)
        data.append((x, y[torch.randperm(len(y))]))
    return net, loss, data, optimizer


def blank_inputs() -> Made:
    """Inputs multiplied by zero, as by a mask that is wrong."""
    net, loss, data, optimizer = residual(4)
    return net, loss, [(0 * x, y) for x, y in data], optimizer


def softmax_in_forward() -> Made:
    """A transformer whose forward pass ends in `softmax`, with a loss that takes another."""
    body, _, data, _ = transformer(2, True)
    net = Functional(body, lambda z: functional.softmax(z, dim=-1))
    return net, classify, data, adam(net)


def _is_even(net: nn.Module, batch: Any) -> Tensor:
    target = (batch[1] % 2 == 0).float()
    return functional.binary_cross_entropy_with_logits(net(batch[0])[:, 0], target)


def sigmoid_in_forward() -> Made:
    """Is the digit even? Convolutions, a sigmoid, and a loss that has its own."""
    body, _, data, _ = conv(3, 12, True, nn.ReLU)
    net = Functional(body, torch.sigmoid)
    return net, _is_even, data, sgd(net, 0.05)


def sigmoid_once() -> Made:
    """The same with a loss that takes probabilities: as it should be."""

    def loss(net: nn.Module, batch: Any) -> Tensor:
        target = (batch[1] % 2 == 0).float()
        return functional.binary_cross_entropy(net(batch[0])[:, 0], target)

    body, _, data, _ = conv(3, 12, True, nn.ReLU)
    net = Functional(body, torch.sigmoid)
    return net, loss, data, sgd(net, 0.05)


def log_softmax() -> Made:
    """The network ends in a log-softmax, and the loss takes log-probabilities: as it should be."""

    def loss(net: nn.Module, batch: Any) -> Tensor:
        return functional.nll_loss(net(batch[0]), batch[1])

    body, _, data, _ = dense(3, 48, nn.ReLU, 2.0)
    net = nn.Sequential(body, nn.LogSoftmax(dim=1))
    return net, loss, data, sgd(net, 0.02)


def soft_targets() -> Made:
    """Targets are the probabilities of another network."""
    net, _, data, optimizer = dense(3, 48, nn.ReLU, 2.0)
    teacher = nn.Linear(64, 10)
    with torch.no_grad():
        made = [(x, (3 * teacher(x)).softmax(dim=1)) for x, _ in data]
    return net, classify, made, optimizer


def rare_class() -> Made:
    """Is the digit a three? One example in ten is."""
    net, _, data, optimizer = dense(3, 48, nn.ReLU, 2.0)
    return net, classify, [(x, (y == 3).long()) for x, y in data], optimizer


def noisy_labels() -> Made:
    """Half of all labels are drawn at random; the other half can be learned."""
    net, loss, _, optimizer = dense(3, 48, nn.ReLU, 2.0)
    data = []
    for x, y in batches(count=FRESH):
        data.append((x, torch.where(torch.rand(len(y)) < 0.5, torch.randint(10, y.shape), y)))
    return net, loss, data, optimizer


class NextToken(nn.Module):
    """A small causal transformer over 12 tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(12, 32)
        layer = nn.TransformerEncoderLayer(32, 4, 64, 0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(32, 12)

    def forward(self, x: Tensor) -> Tensor:
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return self.head(self.encoder(self.embed(x), mask=mask, is_causal=True))


def next_token() -> Made:
    """Each token is the one before it plus 1, or plus 5, modulo 12."""

    def loss(net: nn.Module, batch: Any) -> Tensor:
        outputs = net(batch[:, :-1])
        return functional.cross_entropy(outputs.flatten(0, 1), batch[:, 1:].flatten())

    data = []
    for _ in range(20):
        steps = torch.where(torch.rand(32, 10) < 0.5, 1, 5)
        data.append(torch.cumsum(torch.cat([torch.randint(12, (32, 1)), steps], 1), 1) % 12)
    net = NextToken()
    return net, loss, data, adam(net, 3e-3)


def nets() -> Iterator[Net]:
    """Five faulty and six healthy networks."""
    yield Net("convolutions, labels without meaning", meaningless_labels, OTHER)
    yield Net("regression, targets shuffled", targets_of_others, OTHER)
    yield Net("residual 4, inputs of zeros", blank_inputs, OTHER | ALIKE)
    yield Net("transformer, softmax in forward", softmax_in_forward, TWICE)
    yield Net("convolutions, sigmoid in forward", sigmoid_in_forward, TWICE)
    yield Net("convolutions, sigmoid once", sigmoid_once)
    yield Net("log-softmax and its loss", log_softmax)
    yield Net("targets of another network", soft_targets)
    yield Net("one class in ten", rare_class)
    yield Net("half of the labels random", noisy_labels)
    yield Net("next token, causal transformer", next_token)
