"""An instrument: where each layer's activations are, on fixed test examples."""

from torch import Tensor

from depthgauge.config import Look
from depthgauge.probes.saturation import activation_histograms, moments, outermost
from depthgauge.training.instruments import Instrument
from depthgauge.training.module import Examples
from depthgauge.training.schedule import probe_steps


class ActivationStatistics(Instrument):
    """Per layer, the output's softmax included: mean, spread, 98th percentile, histogram."""

    axis = "activation_step"

    def __init__(self, settings: Look, steps: int, examples: Examples) -> None:
        """Look at `examples` as `settings` say over a run of `steps` steps."""
        super().__init__(probe_steps(settings.every, settings.spacing, steps))
        self.examples = examples

    def prepare(self) -> None:
        """Scale the examples once."""
        x, _ = self.examples.take(slice(None), self.module.network.weights[0])
        self.x = x.expand(self.module.replicas, -1, -1)
        self.passed = self.module.new_pass(len(x))

    def measure(self) -> dict[str, Tensor]:
        """One forward pass over the examples."""
        self.passed.forward(self.x)
        self.passed.outputs()
        values = self.passed.activations
        mean, spread = moments(values)
        return {
            "activation_mean": mean,
            "activation_std": spread,
            "activation_percentile_98": outermost(values),
            "activation_histogram": activation_histograms(values),
        }

    def passes_per_measure(self) -> float:
        """Forward alone."""
        return 2.0 * len(self.examples.labels)
