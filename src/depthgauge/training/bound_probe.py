"""The Lightning callback that holds gradients against bound (**) while a network trains."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from depthgauge.config import Bounds, Experiment
from depthgauge.probes.bounds import bound_readings, identity_gaps
from depthgauge.theory import find_activation
from depthgauge.training.fixed_images import OnFixedImages


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


class BoundTightness(OnFixedImages):
    """Per layer: bound (**), how much of it the gradients use, and the gap of identity (*)."""

    axis = "bound_step"
    settings: Bounds

    def __init__(self, settings: Bounds, steps: int, slopes: Gains) -> None:
        """Follow `settings` over a run of `steps` steps."""
        super().__init__(settings, steps)
        self.slopes = slopes

    def measure(self) -> dict[str, Tensor]:
        """One forward and backward pass over the probe set, and |w^l|_2 of every layer."""
        self.passed.forward(self.x)
        self.passed.backward(self.y)
        deltas, activations = self.passed.deltas, self.passed.activations
        errors = activations[-1] - self.y
        weights = self.module.network.weights
        values = bound_readings(weights, deltas, errors, self.slopes.gamma, self.slopes.output)
        if self.settings.identities:
            inputs = [self.x, *activations[:-1]]
            values["identity_gap"] = identity_gaps(deltas, inputs, self.settings.identities)
        return {name: torch.from_numpy(np.ascontiguousarray(v)) for name, v in values.items()}

    def passes_per_measure(self) -> float:
        """Forward and backward of every probe image; singular values of a narrow net add little."""
        return 4.0 * self.settings.images
