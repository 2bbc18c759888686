"""An instrument: how much each hidden layer stretches a small change, on fixed test examples."""

from torch import Tensor

from depthgauge.probes.jacobians import mean_singular_values
from depthgauge.training.fixed_images import OnFixedImages


class LayerJacobians(OnFixedImages):
    """Per hidden layer that a hidden layer feeds: its Jacobian's mean singular value."""

    axis = "jacobian_step"

    def measure(self) -> dict[str, Tensor]:
        """A forward pass, then one singular value decomposition a layer and example."""
        self.passed.forward(self.x)
        weights, values = self.module.network.weights, self.passed.activations
        return {
            "jacobian_singular_value": mean_singular_values(self.module.activation, weights, values)
        }

    def passes_per_measure(self) -> float:
        """About 8/3 n^3 operations for n^2 weights, n of a thousand, at a tenth of the speed."""
        return 25_000.0 * self.settings.images
