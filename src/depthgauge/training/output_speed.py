"""An instrument: the speeds of the output's bias and of W h, on the first training images."""

from torch import Tensor

from depthgauge.config import Look
from depthgauge.probes.output_speed import output_speeds
from depthgauge.training.instruments import Instrument
from depthgauge.training.schedule import probe_steps


class OutputSpeeds(Instrument):
    """Whom the output listens to first: its bias, or the top hidden layer."""

    axis = "output_step"

    def __init__(self, settings: Look, steps: int) -> None:
        """Follow `settings` over a run of `steps` steps."""
        super().__init__(probe_steps(settings.every, settings.spacing, steps))
        self.images = settings.images

    def prepare(self) -> None:
        """Scale the images once."""
        like = self.module.network.weights[0]
        x, self.y = self.module.examples.take(slice(self.images), like)
        self.x = x.expand(self.module.replicas, -1, -1)
        self.passed = self.module.new_pass(self.images)

    def measure(self) -> dict[str, Tensor]:
        """One forward and backward pass, and a forward pass of velocities."""
        self.passed.forward(self.x)
        self.passed.backward(self.y)
        values = [self.x, *self.passed.activations[:-1]]
        return output_speeds(
            self.module.activation, self.module.network.weights, self.passed.deltas, values
        )

    def passes_per_measure(self) -> float:
        """Forward, backward, and forward once more with the examples' products."""
        return 8.0 * self.images
