"""Faulty networks that remedies are scored on, and that no rule or order of remedies was set on.

Committed before the first run of `bench/diagnosis_remedies.py --fresh`. A rule that is changed
after looking at them makes them tuning, too. The comment at each net says what its fault is.
"""

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from diagnosis_nets import (
    ALIKE,
    DEAD,
    EXPLODES,
    FORGETS,
    LARGE,
    SATURATED,
    SMALL,
    SYMMETRIC,
    TWICE,
    VANISHES,
    Made,
    Net,
    adam,
    batches,
    classify,
    conv,
    dense,
    draw,
    recall,
    sgd,
    stack,
    transformer,
)
from torch import Tensor, nn
from torch.nn import functional


def bottleneck(act: Callable[[], nn.Module]) -> Made:
    """A deep autoencoder: 64 - 48 - 32 - 16 - 8 - 16 - 32 - 48 - 64, as PyTorch draws it."""
    widths = [64, 48, 32, 16, 8, 16, 32, 48]
    layers: list[nn.Module] = []
    for a, b in itertools.pairwise(widths):
        layers += [nn.Linear(a, b), act()]
    net = nn.Sequential(*layers, nn.Linear(48, 64))

    def loss(net: nn.Module, batch: Any) -> Tensor:
        return functional.mse_loss(net(batch[0]), batch[0])

    return net, loss, batches(), sgd(net, 0.1)


def regression(depth: int, gain: float, rate: float) -> Made:
    """The sum of a digit's pixels from the pixels, by ReLU layers with n_in Var W = `gain`."""
    net = draw(stack(depth, 64, nn.ReLU), gain)
    net[-1] = nn.Linear(64, 1)

    def loss(net: nn.Module, batch: Any) -> Tensor:
        return functional.mse_loss(net(batch[0]).squeeze(1), batch[0].sum(dim=1) / 8)

    return net, loss, batches(), sgd(net, rate)


def raw_pixels(act: Callable[[], nn.Module]) -> Made:
    """Pixels from 0 to 255, weights drawn for standardized inputs."""
    net, loss, data, _ = dense(3, 64, act, 1.0)
    return net, loss, [(127 + 60 * x, y) for x, y in data], sgd(net, 0.01)


def equal_weights(depth: int, width: int) -> Made:
    """All weights and biases of a layer are the same number."""
    net = stack(depth, width, nn.Sigmoid)
    for parameter in net.parameters():
        nn.init.constant_(parameter, 0.05)
    return net, classify, batches(), sgd(net, 0.1)


def small_steps(rate: float) -> Made:
    """Convolutions with batch norm, with a learning rate far too small."""
    net, loss, data, _ = conv(4, 10, True, nn.ReLU)
    return net, loss, data, sgd(net, rate)


def slow_transformer(rate: float) -> Made:
    """A transformer under Adam with a learning rate far too small."""
    net, loss, data, _ = transformer(2, True)
    return net, loss, data, adam(net, rate)


def softmax_head() -> Made:
    """A convolutional net that ends in a softmax, with a loss that takes another."""
    net, _, data, _ = conv(3, 12, True, nn.ReLU)
    return nn.Sequential(net, nn.Softmax(dim=1)), classify, data, sgd(net, 0.05)


def sigmoid_head() -> Made:
    """Is the digit above four? A sigmoid before a loss that has its own."""
    body = draw(stack(3, 40, nn.Tanh), 1.0)
    net = nn.Sequential(*list(body)[:-1], nn.Linear(40, 1), nn.Sigmoid())

    def loss(net: nn.Module, batch: Any) -> Tensor:
        above = (batch[1] > 4).float()
        return functional.binary_cross_entropy_with_logits(net(batch[0]).squeeze(1), above)

    return net, loss, batches(), sgd(net, 0.02)


def loud_convolutions() -> Made:
    """Weights with n_in Var W = 5, without normalization."""
    net, loss, data, _ = conv(8, 10, False, nn.ReLU, 5.0)
    return net, loss, data, sgd(net, 1e-4)


def nets() -> Iterator[Net]:
    """Twenty-two networks with one fault each."""
    # slopes of at most 1/4
    yield Net(
        "sigmoid 6 x 32, Adam", partial(dense, 6, 32, nn.Sigmoid, None, 0.0, 1e-3, adam), VANISHES
    )
    yield Net("sigmoid 4 x 100, PyTorch's draw", partial(dense, 4, 100, nn.Sigmoid), VANISHES)
    yield Net("autoencoder, sigmoid", partial(bottleneck, nn.Sigmoid), VANISHES)
    # weights too small for the depth
    yield Net("tanh 24 x 32, PyTorch's draw", partial(dense, 24, 32, nn.Tanh), VANISHES)
    yield Net("ReLU 18 x 40, n Var W = 0.9", partial(dense, 18, 40, nn.ReLU, 0.9), VANISHES)
    yield Net("SiLU 16 x 48, PyTorch's draw", partial(dense, 16, 48, nn.SiLU), VANISHES)
    yield Net("ELU 20 x 40, n Var W = 0.4", partial(dense, 20, 40, nn.ELU, 0.4), VANISHES)
    yield Net(
        "convolutions 12 x 12, PyTorch's draw", partial(conv, 12, 12, False, nn.ReLU), VANISHES
    )
    yield Net(
        "softsign 25 x 24, Adam",
        partial(dense, 25, 24, nn.Softsign, None, 0.0, 1e-3, adam),
        VANISHES,
    )
    # weights too large for the depth
    make = partial(dense, 14, 64, nn.ReLU, 6.0, 0.0, 1e-5)
    yield Net("ReLU 14 x 64, n Var W = 6", make, EXPLODES)
    yield Net("regression 10 x 64, n Var W = 5", partial(regression, 10, 5.0, 1e-6), EXPLODES)
    yield Net("convolutions 8 x 10, n Var W = 5", loud_convolutions, EXPLODES | LARGE)
    # at the limits of the activation
    yield Net("tanh 5 x 64, n Var W = 900", partial(dense, 5, 64, nn.Tanh, 900.0), SATURATED)
    yield Net("tanh 3 x 64, pixels to 255", partial(raw_pixels, nn.Tanh), SATURATED | ALIKE)
    yield Net("ReLU 5 x 40, biases -5", partial(dense, 5, 40, nn.ReLU, 2.0, -5.0), DEAD | VANISHES)
    # copies of one unit
    yield Net("equal weights, sigmoid 2 x 64", partial(equal_weights, 2, 64), SYMMETRIC)
    # the step
    yield Net("convolutions with batch norm, rate 1e-8", partial(small_steps, 1e-8), SMALL)
    yield Net("transformer, Adam, rate 1e-9", partial(slow_transformer, 1e-9), SMALL)
    make = partial(dense, 3, 64, nn.ReLU, 2.0, 0.0, 1.0, adam)
    yield Net("ReLU 3 x 64, Adam, rate 1", make, LARGE)
    # recurrent layers lose the past
    yield Net("LSTM, 45 steps", partial(recall, nn.LSTM, 45), FORGETS)
    # the loss applies what the network has applied
    yield Net("convolutions, softmax twice", softmax_head, TWICE)
    yield Net("tanh 3 x 40, sigmoid twice", sigmoid_head, TWICE)
