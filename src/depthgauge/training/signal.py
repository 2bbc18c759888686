"""An instrument: the spread of what is propagated back, on the first training images."""

from torch import Tensor

from depthgauge.config import Signal
from depthgauge.probes.saturation import moments
from depthgauge.probes.signal import (
    batch_weight_gradient_histograms,
    delta_histograms,
    summed,
    weight_gradient_histograms,
    weight_gradient_moments,
)
from depthgauge.training.fixed_images import OnFixedImages


class GradientStatistics(OnFixedImages):
    """Per layer: mean and spread of delta and of dC/dw, example by example, and histograms."""

    axis = "signal_step"
    settings: Signal

    def measure(self) -> dict[str, Tensor]:
        """One forward and backward pass over the images."""
        self.passed.forward(self.x)
        self.passed.backward(self.y)
        deltas, inputs = self.passed.deltas, [self.x, *self.passed.activations[:-1]]
        delta_mean, delta_std = moments(deltas)
        mean, spread = weight_gradient_moments(deltas, inputs)
        values = {
            "delta_mean": delta_mean,
            "delta_std": delta_std,
            "weight_gradient_mean": mean,
            "weight_gradient_std": spread,
        }
        if self.settings.histograms:
            values["delta_histogram"] = delta_histograms(deltas)
            values["weight_gradient_histogram"] = weight_gradient_histograms(
                deltas, inputs, self.settings.histograms
            )
        if self.settings.batch:
            size, batches = self.settings.batch, self.settings.histograms
            values["batch_delta_histogram"] = delta_histograms(summed(deltas, size))
            values["batch_weight_gradient_histogram"] = batch_weight_gradient_histograms(
                deltas, inputs, size, batches
            )
        return values

    def passes_per_measure(self) -> float:
        """Forward and backward, and the gradients that are counted entry by entry."""
        counted = self.settings.histograms * (2 if self.settings.batch else 1)
        return 4.0 * self.settings.images + 40.0 * counted
