"""An instrument: how much each hidden layer stretches a small change, on test examples."""

from dataclasses import replace

import torch
from torch import Tensor

from depthgauge.nets.buffers import LINE, padded
from depthgauge.probes.jacobians import mean_singular_values
from depthgauge.training.fixed_images import OnFixedImages


class LayerJacobians(OnFixedImages):
    """Per hidden layer that a hidden layer feeds: its Jacobian's mean singular value.

    It differs more between images than between networks. So each seed looks at images of its own,
    and an interval over seeds is one over images, too.
    """

    axis = "jacobian_step"

    def prepare(self) -> None:
        """Scale each replica's images once: those from image seed * images on, round and round."""
        tested, like = self.examples or self.module.examples, self.module.network.weights[0]
        seeds, count = torch.tensor(self.module.descent.seeds), self.settings.images
        rows = (seeds[:, None] * count + torch.arange(count)).flatten() % len(tested.labels)
        own = replace(tested, images=tested.images[rows], labels=tested.labels[rows])
        x, _ = own.take(slice(None), like)
        _, self.x = padded((len(seeds), count, x.shape[1]), like, LINE)
        self.x.copy_(x.view(self.x.shape))
        self.passed = self.module.new_pass(count)

    def measure(self) -> dict[str, Tensor]:
        """A forward pass, then one singular value decomposition a layer and example."""
        self.passed.forward(self.x)
        weights, values = self.module.network.weights, self.passed.kept
        return {
            "jacobian_singular_value": mean_singular_values(self.module.activation, weights, values)
        }

    def passes_per_measure(self) -> float:
        """About 8/3 n^3 operations for n^2 weights, n of a thousand, at a tenth of the speed."""
        return 25_000.0 * self.settings.images
