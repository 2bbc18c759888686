"""The networks that `bench/diagnosis.py` is scored on, faulty and healthy by construction.

A fault is known because it was built in: the comment at each net says what makes it one. No
threshold of the diagnosis was set on any of them; diagnosis_loss_nets.py names the two whose
results led to a rule.
Every `make()` returns (net, loss, batches, optimizer) and draws from PyTorch's generator alone.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from depthgauge.diagnosis.findings import Cause, Finding

Made = tuple[nn.Module, Callable[[nn.Module, Any], Tensor], list[Any], torch.optim.Optimizer]


@dataclass(frozen=True)
class Net:
    """One network, and what is wrong with it: nothing where `faults` is empty."""

    name: str
    make: Callable[[], Made]
    faults: frozenset[Finding] = frozenset()
    """Any of these findings is a right one."""
    cause: Cause | None = None
    """What the signal is lost or grows by, where that was built in."""


@cache
def digits() -> tuple[Tensor, Tensor]:
    """scikit-learn's 1,797 digits: images (n, 64) from 0 to 1, and their classes."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return torch.tensor(x / 16, dtype=torch.float32), torch.tensor(y)


def batches(size: int = 64, count: int = 20, shape: tuple[int, ...] = (64,)) -> list[Any]:
    """Draw `count` mini-batches of digits, standardized."""
    x, y = digits()
    x = ((x - x.mean()) / x.std()).view(-1, *shape)
    return [(x[i], y[i]) for i in (torch.randint(len(x), (size,)) for _ in range(count))]


def classify(net: nn.Module, batch: Any) -> Tensor:
    """Cross-entropy of the classes."""
    return functional.cross_entropy(net(batch[0]), batch[1])


def sgd(net: nn.Module, rate: float) -> torch.optim.Optimizer:
    """SGD with momentum 0.9."""
    return torch.optim.SGD(net.parameters(), lr=rate, momentum=0.9)


def adam(net: nn.Module, rate: float = 1e-3) -> torch.optim.Optimizer:
    """Adam with its defaults."""
    return torch.optim.Adam(net.parameters(), lr=rate)


# Dense nets


def stack(depth: int, width: int, act: Callable[[], nn.Module]) -> nn.Sequential:
    """`depth` hidden layers, as PyTorch draws them."""
    widths = [64, *[width] * depth]
    pairs = itertools.pairwise(widths)
    hidden = [each for a, b in pairs for each in (nn.Linear(a, b), act())]
    return nn.Sequential(*hidden, nn.Linear(width, 10))


def draw(net: nn.Sequential, gain: float, bias: float = 0.0) -> nn.Sequential:
    """Weights N(0, gain / n_in) in every dense layer but the last, biases all `bias`."""
    layers = [each for each in net.modules() if isinstance(each, nn.Linear)]
    for layer in layers[:-1]:
        nn.init.normal_(layer.weight, std=math.sqrt(gain / layer.in_features))
        nn.init.constant_(layer.bias, bias)
    return net


def dense(
    depth: int,
    width: int,
    act: Callable[[], nn.Module],
    gain: float | None = None,
    bias: float = 0.0,
    rate: float = 0.02,
    optimizer: Callable[[nn.Module, float], torch.optim.Optimizer] = sgd,
) -> Made:
    """A dense classifier; `gain` is n_in Var W, None PyTorch's own draw."""
    net = stack(depth, width, act)
    if gain is not None:
        draw(net, gain, bias)
    return net, classify, batches(), optimizer(net, rate)


def nielsen(depth: int, width: int) -> Made:
    """Sigmoid layers with weights N(0, 1 / n_in) and biases N(0, 1)."""
    net = draw(stack(depth, width, nn.Sigmoid), 1.0)
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.bias)
    return net, classify, batches(), sgd(net, 0.02)


def constant_weights(depth: int, act: Callable[[], nn.Module]) -> Made:
    """All weights of a layer are equal: its units compute the same."""
    net = stack(depth, 48, act)
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.constant_(layer.weight, 1.0 / layer.in_features)
            nn.init.zeros_(layer.bias)
    return net, classify, batches(), sgd(net, 0.02)


def normalized(depth: int, norm: Callable[[int], nn.Module], act: Callable[[], nn.Module]) -> Made:
    """Dense layers, each followed by a normalization."""
    layers: list[nn.Module] = []
    for place in range(depth):
        layers += [nn.Linear(64 if place == 0 else 56, 56), norm(56), act()]
    net = nn.Sequential(*layers, nn.Linear(56, 10))
    return net, classify, batches(), sgd(net, 0.02)


class Skip(nn.Module):
    """x + body(x)."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def residual(depth: int) -> Made:
    """Pre-normalized residual blocks of dense layers."""
    blocks = [
        Skip(nn.Sequential(nn.LayerNorm(48), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 48)))
        for _ in range(depth)
    ]
    net = nn.Sequential(nn.Linear(64, 48), *blocks, nn.LayerNorm(48), nn.Linear(48, 10))
    return net, classify, batches(), adam(net)


# Convolutional nets

IMAGE = (1, 8, 8)


def conv(
    depth: int, channels: int, norm: bool, act: Callable[[], nn.Module], gain: float | None = None
) -> Made:
    """3 x 3 convolutions at one resolution, then a mean over positions."""
    layers: list[nn.Module] = []
    for place in range(depth):
        layer = nn.Conv2d(1 if place == 0 else channels, channels, 3, padding=1, bias=not norm)
        if gain is not None:
            fan_in = layer.weight[0].numel()
            nn.init.normal_(layer.weight, std=math.sqrt(gain / fan_in))
        layers += [layer, *([nn.BatchNorm2d(channels)] if norm else []), act()]
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
    return net, classify, batches(shape=IMAGE), sgd(net, 0.05)


def resnet(blocks: int) -> Made:
    """Residual blocks of two batch-normalized convolutions."""

    def body() -> nn.Module:
        first = nn.Conv2d(12, 12, 3, padding=1, bias=False)
        second = nn.Conv2d(12, 12, 3, padding=1, bias=False)
        return nn.Sequential(first, nn.BatchNorm2d(12), nn.ReLU(), second, nn.BatchNorm2d(12))

    layers = [each for _ in range(blocks) for each in (Skip(body()), nn.ReLU())]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 10)]
    net = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), *layers, *head)
    return net, classify, batches(shape=IMAGE), sgd(net, 0.05)


def depthwise() -> Made:
    """Depthwise-separable convolutions with batch norm."""
    layers: list[nn.Module] = [nn.Conv2d(1, 16, 3, padding=1), nn.ReLU()]
    for _ in range(3):
        layers += [nn.Conv2d(16, 16, 3, padding=1, groups=16), nn.BatchNorm2d(16)]
        layers += [nn.Conv2d(16, 16, 1), nn.BatchNorm2d(16), nn.ReLU()]
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
    return net, classify, batches(shape=IMAGE), sgd(net, 0.05)


class UNet(nn.Module):
    """Two resolutions, joined by concatenation."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU())
        self.bottom = nn.Sequential(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU())
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.join = nn.Sequential(nn.Conv2d(16, 8, 3, padding=1), nn.ReLU())
        self.out = nn.Conv2d(8, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        high = self.down(x)
        low = self.bottom(functional.max_pool2d(high, 2))
        return self.out(self.join(torch.cat([high, self.up(low)], dim=1)))


def unet() -> Made:
    """Denoise digits."""

    def loss(net: nn.Module, batch: Any) -> Tensor:
        return functional.mse_loss(net(batch[0] + batch[1]), batch[0])

    data = [(x, 0.5 * torch.randn_like(x)) for x, _ in batches(shape=IMAGE)]
    net = UNet()
    return net, loss, data, adam(net, 3e-3)


# Transformers: a digit is a sequence of its 8 rows


class Block(nn.Module):
    """Attention and a two-layer net, each with a residual connection; norm before or after."""

    def __init__(self, width: int, before: bool) -> None:
        super().__init__()
        self.before = before
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.attention = nn.MultiheadAttention(width, 4, batch_first=True)
        self.dense = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        for norm, part in zip(self.norms, (self.attend, self.dense), strict=True):
            x = x + part(norm(x)) if self.before else norm(x + part(x))
        return x

    def attend(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x, need_weights=False)[0]


class Transformer(nn.Module):
    """A small encoder, averaged over positions."""

    def __init__(self, blocks: int, before: bool, inputs: int = 8, length: int = 8) -> None:
        super().__init__()
        self.embed = nn.Linear(inputs, 32)
        self.position = nn.Parameter(0.02 * torch.randn(length, 32))
        self.blocks = nn.Sequential(*[Block(32, before) for _ in range(blocks)])
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.blocks(self.embed(x) + self.position)).mean(dim=1))


def transformer(blocks: int, before: bool) -> Made:
    """Rows of a digit as a sequence."""
    net = Transformer(blocks, before)
    return net, classify, batches(shape=(8, 8)), adam(net)


def vit() -> Made:
    """Patches of 2 x 2 pixels as a sequence of 16."""

    def patches(x: Tensor) -> Tensor:
        return functional.unfold(x.view(-1, 1, 8, 8), 2, stride=2).mT.contiguous()

    data = [(patches(x), y) for x, y in batches()]
    net = Transformer(4, True, inputs=4, length=16)
    return net, classify, data, adam(net)


# Recurrent nets


class Recurrent(nn.Module):
    """A recurrent layer, its last state to classes."""

    def __init__(self, kind: type, inputs: int, forget: float | None = None) -> None:
        super().__init__()
        self.recurrent = kind(inputs, 32, batch_first=True)
        self.head = nn.Linear(32, 10)
        if forget is not None:
            nn.init.constant_(self.recurrent.bias_ih_l0[32:64], forget)
            nn.init.zeros_(self.recurrent.bias_hh_l0)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.recurrent(x)[0][:, -1])


def rows(kind: type, forget: float | None = None) -> Made:
    """A digit row by row: 8 steps."""
    net = Recurrent(kind, 8, forget)
    return net, classify, batches(shape=(8, 8)), adam(net, 3e-3)


def recall(kind: type, steps: int) -> Made:
    """The class is in the first step; noise follows. PyTorch's draw forgets it."""

    def loss(net: nn.Module, batch: Any) -> Tensor:
        return functional.cross_entropy(net(batch[0]), batch[1])

    data = []
    for _ in range(20):
        y = torch.randint(10, (64,))
        x = 0.1 * torch.randn(64, steps, 10)
        x[:, 0] += functional.one_hot(y, 10)
        data.append((x, y))
    net = Recurrent(kind, 10)
    return net, loss, data, adam(net)


# Others


def autoencoder(act: Callable[[], nn.Module]) -> Made:
    """64 - 48 - 16 - 48 - 64."""
    widths = [64, 48, 16, 48]
    layers = [m for a, b in itertools.pairwise(widths) for m in (nn.Linear(a, b), act())]
    net = nn.Sequential(*layers, nn.Linear(48, 64))

    def loss(net: nn.Module, batch: Any) -> Tensor:
        return functional.mse_loss(net(batch[0]), batch[0])

    return net, loss, batches(), adam(net, 3e-3)


class Experts(nn.Module):
    """A gate mixes four small nets."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(64, 4)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32)) for _ in range(4)
        )
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        share = self.gate(x).softmax(dim=-1)
        mixed = torch.stack([each(x) for each in self.experts], dim=1)
        return self.head(functional.relu((share[..., None] * mixed).sum(dim=1)))


def experts() -> Made:
    """Mixture of experts."""
    net = Experts()
    return net, classify, batches(), adam(net, 3e-3)


def discriminator() -> Made:
    """Digits against the samples of an untrained generator: the half of a GAN that has a loss."""
    generator = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64))
    widths = (64, 48, 48)
    layers = [
        each for a, b in itertools.pairwise(widths) for each in (nn.Linear(a, b), nn.LeakyReLU(0.2))
    ]
    net = nn.Sequential(*layers, nn.Linear(48, 1))
    data = []
    for x, _ in batches():
        with torch.no_grad():
            fake = generator(torch.randn(len(x), 16))
        y = torch.cat([torch.ones(len(x), 1), torch.zeros(len(x), 1)])
        data.append((torch.cat([x, fake]), y))

    def loss(net: nn.Module, batch: Any) -> Tensor:
        return functional.binary_cross_entropy_with_logits(net(batch[0]), batch[1])

    return net, loss, data, adam(net, 1e-3)


class Words(nn.Module):
    """Embedding, mean over words, two dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 24)
        self.dense = nn.Sequential(nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU())
        self.head = nn.Linear(24, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.dense(self.embed(x).mean(dim=1)))


def words() -> Made:
    """The class is the commonest word modulo ten."""
    data = []
    for _ in range(20):
        x = torch.randint(50, (64, 12))
        x[:, :6] = x[:, :1]
        data.append((x, x[:, 0] % 10))
    net = Words()
    return net, classify, data, adam(net, 1e-2)


def regression() -> Made:
    """A smooth function of eight numbers."""
    net = nn.Sequential(
        *(nn.Linear(8, 32), nn.SiLU(), nn.Linear(32, 32), nn.SiLU(), nn.Linear(32, 32), nn.SiLU()),
        nn.Linear(32, 1),
    )
    data = [(x, x.sin().sum(dim=1, keepdim=True)) for x in torch.randn(20, 64, 8)]

    def loss(net: nn.Module, batch: Any) -> Tensor:
        return functional.mse_loss(net(batch[0]), batch[1])

    return net, loss, data, adam(net, 3e-3)


# Faults that are no matter of depth, of the step, of the data


def softmax_twice() -> Made:
    """The net ends in a softmax, and the loss takes another."""
    net = nn.Sequential(*draw(stack(3, 40, nn.ReLU), 2.0), nn.Softmax(dim=-1))
    return net, classify, batches(), sgd(net, 1e-3)


def random_labels() -> Made:
    """Labels say nothing about the images, anew in every batch."""
    net, loss, data, _ = dense(3, 40, nn.ReLU, 2.0)
    noise = [(x, torch.randint(10, y.shape)) for x, y in data]
    return net, loss, noise, sgd(net, 1e-3)


def constant_inputs() -> Made:
    """Every image is the same but for a ten-thousandth: a scaling that went wrong."""
    net, loss, data, _ = dense(3, 40, nn.Tanh, 1.0)
    return net, loss, [(1 + 1e-4 * x, y) for x, y in data], sgd(net, 0.01)


def huge_inputs(act: Callable[[], nn.Module]) -> Made:
    """Inputs a thousand times too large drive the first layers into saturation."""
    net, loss, data, _ = dense(3, 40, act, 1.0)
    return net, loss, [(1000 * x, y) for x, y in data], sgd(net, 1e-3)


def logarithm_of_zero() -> Made:
    """A hand-written cross-entropy without protection: not finite at once."""

    def loss(net: nn.Module, batch: Any) -> Tensor:
        p = functional.relu(net(batch[0]))
        return -(p / p.sum(dim=1, keepdim=True)).log()[torch.arange(len(p)), batch[1]].mean()

    net, _, data, optimizer = dense(3, 40, nn.ReLU, 2.0)
    return net, loss, data, optimizer


VANISHES = frozenset({Finding.vanishes})
EXPLODES = frozenset({Finding.explodes})
SATURATED = frozenset({Finding.saturated})
DEAD = frozenset({Finding.dead})
LARGE = frozenset({Finding.step_too_large, Finding.explodes, Finding.dead, Finding.saturated})
SMALL = frozenset({Finding.step_too_small})
ALIKE = frozenset({Finding.alike, Finding.vanishes})
OTHER = frozenset({Finding.not_depth})
TWICE = frozenset({Finding.applied_twice})
FORGETS = frozenset({Finding.forgets})
SYMMETRIC = frozenset({Finding.symmetric})


def faulty() -> Iterator[Net]:
    """Networks with one fault each."""
    slopes, weights = Cause.slopes, Cause.weights
    # the slope of a sigmoid is at most 1/4
    yield Net("sigmoid 5 x 40, Nielsen's draw", partial(nielsen, 5, 40), VANISHES, slopes)
    yield Net("sigmoid 8 x 64, Nielsen's draw", partial(nielsen, 8, 64), VANISHES, slopes)
    make = partial(dense, 6, 48, nn.Sigmoid, 1.0)
    yield Net("sigmoid 6 x 48, n Var W = 1", make, VANISHES, slopes)
    make = partial(dense, 12, 32, nn.Sigmoid, 2.0)
    yield Net("sigmoid 12 x 32, n Var W = 2", make, VANISHES, slopes)
    # PyTorch draws n Var W = 1/3: a factor sqrt(3) a layer
    make = partial(dense, 12, 48, nn.Tanh)
    yield Net("tanh 12 x 48, PyTorch's draw", make, VANISHES, weights)
    make = partial(dense, 18, 40, nn.Softsign)
    yield Net("softsign 18 x 40, PyTorch's draw", make, VANISHES, weights)
    make = partial(dense, 14, 56, nn.ReLU)
    yield Net("ReLU 14 x 56, PyTorch's draw", make, VANISHES, weights)
    make = partial(dense, 12, 48, nn.GELU)
    yield Net("GELU 12 x 48, PyTorch's draw", make, VANISHES, weights)
    make = partial(conv, 14, 8, False, nn.ReLU)
    yield Net("convolutions 14 x 8, PyTorch's draw", make, VANISHES, weights)
    make = partial(conv, 12, 10, False, nn.Tanh, 0.3)
    yield Net("tanh convolutions 12 x 10, n Var W = 0.3", make, VANISHES, weights)
    # weights too large: the signal grows toward the input
    make = partial(dense, 12, 48, nn.ReLU, 8.0, 0.0, 1e-5)
    yield Net("ReLU 12 x 48, n Var W = 8", make, EXPLODES, weights)
    make = partial(dense, 16, 40, nn.Identity, 3.0, 0.0, 1e-6)
    yield Net("linear 16 x 40, n Var W = 3", make, EXPLODES, weights)
    make = partial(conv, 10, 8, False, nn.ReLU, 9.0)
    yield Net("convolutions 10 x 8, n Var W = 9", make, EXPLODES | LARGE, weights)
    # weights or inputs so large that every unit sits at its limit
    yield Net("tanh 4 x 48, n Var W = 400", partial(dense, 4, 48, nn.Tanh, 400.0), SATURATED)
    yield Net(
        "sigmoid 3 x 48, n Var W = 2500", partial(dense, 3, 48, nn.Sigmoid, 2500.0), SATURATED
    )
    yield Net("tanh, inputs x 1,000", partial(huge_inputs, nn.Tanh), SATURATED)
    # biases so negative that no example reaches the units
    yield Net("ReLU 4 x 48, biases -6", partial(dense, 4, 48, nn.ReLU, 2.0, -6.0), DEAD)
    yield Net("ReLU 3 x 64, biases -8", partial(dense, 3, 64, nn.ReLU, 1.0, -8.0), DEAD)
    # equal weights: the units of a layer stay copies of one another
    yield Net("equal weights, tanh 4", partial(constant_weights, 4, nn.Tanh), SYMMETRIC)
    yield Net("equal weights, ReLU 3", partial(constant_weights, 3, nn.ReLU), SYMMETRIC)
    # biases much larger than the weighted sums: all examples look alike
    make = partial(dense, 14, 48, nn.Tanh, 0.5, 0.6)
    yield Net("tanh 14 x 48, biases 0.6", make, ALIKE)
    yield Net("inputs that hardly differ", constant_inputs, OTHER | ALIKE)
    # the step
    yield Net("rate 1e-9", partial(dense, 3, 48, nn.ReLU, 2.0, 0.0, 1e-9), SMALL)
    yield Net("Adam, rate 1e-9", partial(dense, 3, 48, nn.Tanh, 1.0, 0.0, 1e-9, adam), SMALL)
    yield Net("rate 300", partial(dense, 3, 48, nn.Tanh, 1.0, 0.0, 300.0), LARGE)
    yield Net("Adam, rate 3", partial(dense, 3, 48, nn.ReLU, 2.0, 0.0, 3.0, adam), LARGE)
    # PyTorch's recurrent layers lose the past
    yield Net("LSTM, 60 steps", partial(recall, nn.LSTM, 60), FORGETS)
    yield Net("GRU, 60 steps", partial(recall, nn.GRU, 60), FORGETS)
    yield Net("RNN, 40 steps", partial(recall, nn.RNN, 40), FORGETS)
    # nothing is wrong with the depth
    yield Net("softmax twice", softmax_twice, OTHER | TWICE)
    yield Net("random labels", random_labels, OTHER)
    yield Net("log(0) in the loss", logarithm_of_zero, EXPLODES)


def healthy() -> Iterator[Net]:
    """Networks that train."""
    for depth in (3, 6, 10):
        yield Net(f"ReLU {depth} x 48, He", partial(dense, depth, 48, nn.ReLU, 2.0))
    for depth in (2, 4, 8):
        yield Net(f"tanh {depth} x 48, Glorot", partial(dense, depth, 48, nn.Tanh, 1.0))
    yield Net("softsign 4 x 40, Glorot", partial(dense, 4, 40, nn.Softsign, 1.0))
    yield Net("sigmoid 1 x 40, Nielsen's draw", partial(nielsen, 1, 40))
    yield Net("tanh 3 x 40, PyTorch's draw", partial(dense, 3, 40, nn.Tanh))
    yield Net("ReLU 2 x 40, PyTorch's draw", partial(dense, 2, 40, nn.ReLU))
    yield Net("GELU 4 x 40, He, Adam", partial(dense, 4, 40, nn.GELU, 2.0, 0.0, 1e-3, adam))
    yield Net("SiLU 4 x 40, He, Adam", partial(dense, 4, 40, nn.SiLU, 2.0, 0.0, 1e-3, adam))
    yield Net("SELU 8 x 40, LeCun", partial(dense, 8, 40, nn.SELU, 1.0))
    yield Net("ELU 5 x 40", partial(dense, 5, 40, nn.ELU, 1.5))
    yield Net("layer norm 12", partial(normalized, 12, nn.LayerNorm, nn.ReLU))
    yield Net("batch norm 6", partial(normalized, 6, nn.BatchNorm1d, nn.ReLU))
    yield Net("layer norm 6, tanh", partial(normalized, 6, nn.LayerNorm, nn.Tanh))
    yield Net("residual 10", partial(residual, 10))
    yield Net("convolutions 3, He", partial(conv, 3, 12, False, nn.ReLU, 2.0))
    yield Net("convolutions 6 with batch norm", partial(conv, 6, 12, True, nn.ReLU))
    yield Net("ResNet 4", partial(resnet, 4))
    yield Net("depthwise convolutions", depthwise)
    yield Net("U-Net", unet)
    yield Net("pre-LN transformer 4", partial(transformer, 4, True))
    yield Net("post-LN transformer 2", partial(transformer, 2, False))
    yield Net("small ViT", vit)
    yield Net("GRU, 8 rows, open gate", partial(rows, nn.GRU, 2.0))
    yield Net("LSTM, 8 rows, open gate", partial(rows, nn.LSTM, 2.0))
    yield Net("autoencoder, ReLU", partial(autoencoder, nn.ReLU))
    yield Net("mixture of experts", experts)
    yield Net("discriminator", discriminator)
    yield Net("embedding classifier", words)
    yield Net("regression, SiLU", regression)


def corpus() -> list[Net]:
    """All networks, each of them under its own name."""
    return [*faulty(), *healthy()]
