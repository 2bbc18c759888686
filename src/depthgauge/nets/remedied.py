"""Dense networks with what was invented to train deep ones: normalization, residual connections.

Same weights and biases as ReplicaNetwork, same draws; what is added is made of plain tensor
functions, so that autograd can differentiate it.
"""

from collections.abc import Callable, Sequence
from enum import Enum

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from depthgauge.errors import ConfigError
from depthgauge.nets.activations import Activation
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.user_code.lookup import is_path
from depthgauge.user_code.normalization import user_normalization

NORMALIZATIONS = ("none", "batch", "layer")

EPSILON = 1e-5
"""Added to variances: Ioffe & Szegedy's and PyTorch's."""

MOMENTUM = 0.1
"""Share of the newest mini-batch in the running mean and variance, as in PyTorch."""


class Mode(Enum):
    """Whose statistics a batch normalization uses."""

    learning = "the mini-batch's own, which also enter the running ones"
    probing = "the batch's own"
    evaluating = "the running ones"


def _layer(z: Tensor) -> Tensor:
    return functional.layer_norm(z, z.shape[-1:], eps=EPSILON)


def find_normalization(name: str) -> Callable[[Tensor], Tensor] | None:
    """Return a normalization that is a function of z alone; None for the others.

    ConfigError for one that is not there.
    """
    if is_path(name):
        return user_normalization(name)
    if name not in NORMALIZATIONS:
        raise ConfigError(
            f"remedy.normalization={name} is unknown; choose one of {', '.join(NORMALIZATIONS)}"
        )
    return _layer if name == "layer" else None


class RemediedNetwork(ReplicaNetwork):
    """R networks; a hidden layer is f(norm(w a + b)), plus a itself where residual.

    `normalization`: batch (Ioffe & Szegedy, ICML 2015: over the examples, for each unit), layer (Ba
    et al., arXiv 1607.06450: over the units, for each example), or none. Both have a gain and a
    shift for each unit, which are learned. No statistic ever crosses replicas. `residual` (He et
    al., CVPR 2016): the identity is added in hidden layers as wide as the one before.
    """

    def __init__(
        self, drawn: ReplicaNetwork, activation: Activation, normalization: str, residual: bool
    ) -> None:
        """Take the weights and biases of `drawn`; ConfigError for an unknown normalization."""
        nn.Module.__init__(self)
        self._normalize = find_normalization(normalization)
        self.widths, self.activation = drawn.widths, activation
        self.normalization, self.residual = normalization, residual
        for name, values in drawn.named_parameters():
            self.register_parameter(name, values)
        for layer in self.layers[:-1] if normalization != "none" else ():
            like = self.biases[layer - 1]
            for name, start in (("gain", 1.0), ("shift", 0.0)):
                scale = nn.Parameter(torch.full_like(like, start), requires_grad=False)
                self.register_parameter(f"{name}_{layer}", scale)
            for name, start in (("mean", 0.0), ("variance", 1.0)):
                self.register_buffer(f"{name}_{layer}", torch.full_like(like, start))

    @property
    def learned(self) -> list[Tensor]:
        """Weights, biases, and gains and shifts where there are any; each (replica, ...)."""
        named = self.named_parameters()
        scales = [each.detach() for name, each in named if name.startswith(("gain", "shift"))]
        return [*self.weights, *self.biases, *scales]

    def respond(
        self, x: Float[Tensor, "replica example feature"], learned: Sequence[Tensor], mode: Mode
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return z^l = w^l a^{l-1} + b^l and a^l of layers 1..L; a^L is z^L.

        `learned` takes the place of the property: the same values, as leaves of a graph. An
        evaluation, of many examples, gets the last z and a alone: all of them would be memory that
        the system hands out page by page, at four times the cost of the sums.
        """
        depth = len(self.layers)
        weights, biases, scales = learned[:depth], learned[depth : 2 * depth], learned[2 * depth :]
        sums, activations, a = [], [], x
        for layer, (w, b) in enumerate(zip(weights, biases, strict=True), start=1):
            z = torch.baddbmm(b, a, w.mT)
            if layer == depth:
                a = z
            else:
                step = self.activation.function(self._normalized(layer, z, scales, mode))
                a = a + step if self.residual and a.shape == step.shape else step
            if mode is Mode.evaluating:
                sums, activations = [], []
            sums.append(z)
            activations.append(a)
        return sums, activations

    def _normalized(self, layer: int, z: Tensor, scales: Sequence[Tensor], mode: Mode) -> Tensor:
        if self.normalization == "none":
            return z
        gain, shift = scales[2 * layer - 2 : 2 * layer]
        if self._normalize is not None:
            z = self._normalize(z)
        else:
            mean, variance = self._statistics(layer, z, mode)
            z = (z - mean) * (variance + EPSILON).rsqrt()
        return z * gain + shift

    def _statistics(self, layer: int, z: Tensor, mode: Mode) -> tuple[Tensor, Tensor]:
        running = [self.get_buffer(f"{name}_{layer}") for name in ("mean", "variance")]
        if mode is Mode.evaluating:
            return running[0], running[1]
        mean = z.mean(dim=1, keepdim=True)
        variance = (z - mean).square().mean(dim=1, keepdim=True)
        if mode is Mode.learning:
            for kept, fresh in zip(running, (mean, variance), strict=True):
                kept.lerp_(fresh.detach(), MOMENTUM)
        return mean, variance


def scale_to_unit_variance(
    network: RemediedNetwork, x: Float[Tensor, "replica example feature"]
) -> None:
    """Divide the weights of each layer, input side first, by the deviation of its sums over `x`.

    LSUV (Mishkin & Matas, ICLR 2016), to be used on orthogonal weights. Biases are 0 at the start,
    so one division is exact and the paper's iteration is not needed.
    """
    for layer, w in enumerate(network.weights):
        sums, _ = network.respond(x, network.learned, Mode.probing)
        w.div_(sums[layer].flatten(1).std(dim=1).view(-1, 1, 1))
