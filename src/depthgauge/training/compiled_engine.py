"""What the two engines with compiled loops share: they train a copy of the networks."""

from abc import abstractmethod

import numpy as np

from depthgauge.kernel.rule import Rule
from depthgauge.training.engine import Engine, Setup
from depthgauge.training.passes import WrittenOut


class CompiledEngine(Engine):
    """Trains a copy of the networks, laid out as its loops want them, on the CPU in float32."""

    ahead = False
    """Whether the copy has been trained since it was last copied back."""

    def __init__(self, setup: Setup, *, rule: Rule) -> None:
        """`rule` names the activation and the cost once more, for the loops."""
        passes = WrittenOut(setup.network, setup.activation, setup.cost, self.synchronize)
        super().__init__(setup, passes)
        self.rule, sgd = rule, setup.sgd
        self.rates = np.array(sgd.rates, np.float32)
        self.decay = np.array([1 - rate * sgd.l2 for rate in sgd.rates], np.float32)

    @abstractmethod
    def views(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the copy as w^l (R, n_l, n_{l-1}) and b^l (R, 1, n_l), layers 1..L, in place."""

    def pairs(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return each parameter of the copy and its original."""
        weights, biases = self.views()
        network = [*self.network.weights, *self.network.biases]
        return [*zip([*weights, *biases], [each.numpy() for each in network], strict=True)]

    def take(self) -> None:
        """Copy the parameters of `network`."""
        for copy, original in self.pairs():
            copy[:] = original

    def synchronize(self) -> None:
        """Bring `network` up to date."""
        if self.ahead:
            for copy, original in self.pairs():
                original[:] = copy
            self.ahead = False

    def stop(self) -> None:
        """Nothing: all of it is plain memory of this engine."""
