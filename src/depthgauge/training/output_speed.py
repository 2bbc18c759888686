"""An instrument: the speeds of the output's bias and of W h, on the first training images."""

from torch import Tensor

from depthgauge.probes.output_speed import constant_logits, output_speeds, parameter_speeds
from depthgauge.training.fixed_images import OnFixedImages


class OutputSpeeds(OnFixedImages):
    """Whom the output listens to first: its bias, or the top hidden layer."""

    axis = "output_step"

    def measure(self) -> dict[str, Tensor]:
        """One forward and backward pass, and a forward pass of velocities."""
        self.passed.forward(self.x)
        self.passed.backward(self.y)
        values = [self.x, *self.passed.activations[:-1]]
        network, deltas, kept = self.module.network, self.passed.deltas, self.passed.kept
        w, b = network.weights[-1], network.biases[-1]
        return {
            **output_speeds(self.module.activation, network.weights, deltas, values, kept),
            **constant_logits(self.module.cost, w, b, values[-1], self.y),
            **parameter_speeds(deltas[-1], values[-1]),
        }

    def passes_per_measure(self) -> float:
        """Forward, backward, and forward once more with the examples' products."""
        return 8.0 * self.settings.images
