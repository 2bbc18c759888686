"""The largest slopes that bound a network's gradients, as bound (**) multiplies them."""

from dataclasses import dataclass

from depthgauge.config import Experiment
from depthgauge.theory import find_activation


@dataclass(frozen=True)
class Gains:
    """The largest slopes that (**) multiplies: gamma of the hidden layers, and the output's."""

    gamma: float
    output: float


def gains(experiment: Experiment) -> Gains:
    """Return the slopes that bound the experiment's gradients.

    Only the quadratic cost keeps the sigmoid of its outputs; the others' delta^L is a^L - y.
    Raises ConfigError for an activation whose largest slope theory does not know.
    """
    output = find_activation("sigmoid").gamma if experiment.cost == "quadratic" else 1.0
    return Gains(find_activation(experiment.activation).gamma, output)
