"""What trains the networks: the interface that the LightningModule and the instruments use."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from depthgauge.config import Gradients
from depthgauge.nets.activations import Activation
from depthgauge.nets.costs import Cost
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.training.examples import Examples
from depthgauge.training.passes import Passes
from depthgauge.training.probe import Measure, Probe
from depthgauge.training.schedule import Chunk
from depthgauge.training.sgd import SGDSettings

CHUNK = 100
"""SGD steps a training batch: Lightning's share of the time is then below one percent."""

Evaluate = Callable[[], tuple[Tensor, Tensor]]
"""Returns right answers and the sum of costs over a split, each (replica,)."""


@dataclass(frozen=True)
class Setup:
    """What every engine is made of: freshly drawn networks, and what they learn from, and how."""

    network: ReplicaNetwork
    activation: Activation
    cost: Cost
    examples: Examples
    sgd: SGDSettings


class Engine(nn.Module, ABC):
    """R networks, and one way to do steps of gradient descent on them.

    An engine may train a copy of `network`. The parameters of `network` are up to date between two
    chunks, and within one after the `forward` of any of its `passes`.
    """

    def __init__(self, setup: Setup, passes: Passes) -> None:
        """`passes` differentiate the networks. Nothing is allocated before `start`."""
        super().__init__()
        self.network, self.activation, self.cost = setup.network, setup.activation, setup.cost
        self.examples, self.sgd, self.passes = setup.examples, setup.sgd, passes
        self.replicas = len(setup.sgd.rates)

    @abstractmethod
    def start(self) -> None:
        """Allocate what steps need, on the device on which the networks are by now."""

    @abstractmethod
    def descend(self, chunk: Chunk, probes: Sequence[Probe]) -> None:
        """Do the steps of `chunk`; before each of them take the probes that are due."""

    @abstractmethod
    def stop(self) -> None:
        """Let go of what only steps need and others cannot share: the training is over."""

    @abstractmethod
    def gradients(self, settings: Gradients) -> Measure:
        """Return what measures the mean gradient over the first training images."""

    @abstractmethod
    def evaluator(self, split: Examples) -> Evaluate:
        """Return what counts right answers and adds up costs over `split`."""

    @abstractmethod
    def batch_gradients(self) -> list[Float[Tensor, "replica _"]] | None:
        """Return the mean dC/db^l of the mini-batch whose update comes next, layers 1..L.

        None where there is none: after the last step.
        """
