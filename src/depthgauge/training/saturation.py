"""An instrument: where each layer's activations are, on fixed test examples."""

from torch import Tensor

from depthgauge.probes.saturation import activation_histograms, moments, outermost
from depthgauge.training.fixed_images import OnFixedImages


class ActivationStatistics(OnFixedImages):
    """Per layer, the output's softmax included: mean, spread, 98th percentile, histogram."""

    axis = "activation_step"

    def measure(self) -> dict[str, Tensor]:
        """One forward pass over the examples."""
        self.passed.forward(self.x)
        self.passed.outputs()
        values = self.passed.activations
        mean, spread = moments(values)
        return {
            "activation_mean": mean,
            "activation_std": spread,
            "modulus_percentile_98": outermost(values),
            "activation_histogram": activation_histograms(values),
        }

    def passes_per_measure(self) -> float:
        """Forward alone."""
        return 2.0 * self.settings.images
