"""Forward and backward passes, by back-propagation written out or by autograd."""

from collections.abc import Callable

import torch

from depthgauge.nets.activations import Activation
from depthgauge.nets.autograd import AutogradPass
from depthgauge.nets.backpropagation import ForwardPass, Pass
from depthgauge.nets.costs import Cost
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.nets.remedied import Mode, RemediedNetwork


class WrittenOut:
    """Back-propagation written out."""

    def __init__(
        self,
        network: ReplicaNetwork,
        activation: Activation,
        cost: Cost,
        refresh: Callable[[], None] | None = None,
    ) -> None:
        """Make passes of `network`; each calls `refresh` before it reads the parameters."""
        self.network, self.activation, self.cost = network, activation, cost
        self.refresh = refresh
        self._evaluating: dict[int, ForwardPass] = {}

    def training(self, examples: int) -> Pass:
        """Return the pass of a mini-batch."""
        return self.probing(examples)

    def probing(self, examples: int) -> Pass:
        """Return a pass for measurements, with buffers of its own."""
        return Pass(self.network, self.activation, self.cost, examples, self.refresh)

    def evaluating(self, examples: int) -> ForwardPass:
        """Return a pass without deltas; all splits share the one of a size.

        Its buffers may be written in Lightning's inference mode and outside it.
        """
        if examples not in self._evaluating:
            with torch.inference_mode(False):
                self._evaluating[examples] = ForwardPass(
                    self.network, self.activation, self.cost, examples, self.refresh
                )
        return self._evaluating[examples]


class Autograd:
    """Automatic differentiation."""

    def __init__(self, network: RemediedNetwork, cost: Cost, second_order: bool) -> None:
        """`second_order`: training keeps the graph of the gradients, for curvatures."""
        self.network, self.cost, self.second_order = network, cost, second_order

    def training(self, examples: int) -> Pass:
        """Return the pass of a mini-batch, with gradients of all that is learned."""
        return AutogradPass(self.network, self.cost, Mode.learning, self.second_order)

    def probing(self, examples: int) -> Pass:
        """Return a pass for measurements."""
        return AutogradPass(self.network, self.cost, Mode.probing)

    def evaluating(self, examples: int) -> ForwardPass:
        """Return a pass with running statistics."""
        return AutogradPass(self.network, self.cost, Mode.evaluating)


Passes = WrittenOut | Autograd
"""Makes passes over a number of examples: for training, for measurements, or forward only."""
