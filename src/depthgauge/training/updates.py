"""How a step changes the parameters, once back-propagation has found the deltas."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from depthgauge.nets.backpropagation import Pass
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.training.sgd import SGDSettings


class Update(nn.Module, ABC):
    """The update of one step; what it remembers from step to step is part of its state_dict.

    The deltas of the mini-batch carry rate / batch size of their replica (TorchEngine).
    """

    capturable: ClassVar[bool] = True
    """Whether a CUDA graph may hold it; one that reads a number on the host forbids that."""

    @abstractmethod
    def start(self, batch: Pass, x: Tensor) -> None:
        """Allocate what `step` needs; it will find the mini-batch in `batch` and `x`."""

    @abstractmethod
    def step(self) -> None:
        """Change the parameters, from the deltas of the last backward pass of the mini-batch."""


class FusedSGD(Update):
    """Plain SGD, each layer's gradient and update in one product (BP3, BP4)."""

    def __init__(self, network: ReplicaNetwork, sgd: SGDSettings) -> None:
        """Take the decay of the weights from `sgd`."""
        super().__init__()
        self.shrink = 1 - sgd.rates[0] * sgd.l2

    def start(self, batch: Pass, x: Tensor) -> None:
        """Keep the mini-batch."""
        self.batch, self.x = batch, x

    def step(self) -> None:
        """W <- (1 - eta lambda/n) w - eta mean dC/dw."""
        inputs = [self.x, *self.batch.activations]
        layers = zip(self.batch.weights, self.batch.biases, self.batch.deltas, strict=True)
        for (w, b, delta), a in zip(layers, inputs, strict=False):
            w.baddbmm_(delta.mT, a, beta=self.shrink, alpha=-1)
            b.sub_(delta.sum(dim=1, keepdim=True))


class Frozen(Update):
    """SGD in which some parameters keep what they were drawn with."""

    def __init__(
        self,
        network: ReplicaNetwork,
        sgd: SGDSettings,
        *,
        layers: int = 0,
        output_bias: bool = False,
    ) -> None:
        """Freeze so many layers, input side first, and, if asked for, the output's biases.

        Glorot and Bengio, section 3.1, suppose that these biases saturate the top layer.
        """
        super().__init__()
        self.descent, self.layers, self.output_bias = FusedSGD(network, sgd), layers, output_bias

    def start(self, batch: Pass, x: Tensor) -> None:
        """Keep the frozen parameters; in a resumed run they are still the initial ones."""
        self.descent.start(batch, x)
        frozen = [*batch.weights[: self.layers], *batch.biases[: self.layers]]
        frozen += batch.biases[-1:] if self.output_bias else []
        self.kept = [(parameter, parameter.clone()) for parameter in frozen]

    def step(self) -> None:
        """Take a step of SGD, and undo it in what is frozen."""
        self.descent.step()
        for parameter, initial in self.kept:
            parameter.copy_(initial)
