"""Gradient norms, cost and accuracy of narrow networks, read by compiled loops."""

import numpy as np
import torch
from torch import Tensor

from depthgauge.config import Gradients
from depthgauge.kernel import narrow_looks
from depthgauge.probes.gradients import stacked
from depthgauge.training.module import Examples
from depthgauge.training.narrow_module import NarrowModule, sparse_images

SLICE = 100
"""Images evaluated at once: their activations stay in the cache."""


class NarrowGradients:
    """The mean gradient over the first images of the training split."""

    direct = True
    """It reads what the module trains with, in place of its `network`."""
    amid = True
    """The module may take its looks itself, amid its steps."""

    def __init__(self, module: NarrowModule, settings: Gradients) -> None:
        """Take the images."""
        self.module, self.settings = module, settings
        images = module.examples.images[: settings.images].numpy()
        labels = module.examples.labels[: settings.images].numpy()
        self.probe_set = narrow_looks.probe_set(images, labels, module.examples.divide)

    def __call__(self) -> dict[str, Tensor]:
        """One forward and backward pass: values by name, (replica, ...)."""
        module = self.module
        seen = narrow_looks.empty_glance(1, module.replicas, module.layout)
        narrow_looks.look(module.layout, self.probe_set, module.nets, module.rule, seen)
        return {name: values[0] for name, values in self.values(seen).items()}

    def values(self, seen: narrow_looks.Glance) -> dict[str, Tensor]:
        """Return what so many looks found: values by name, (look, replica, ...)."""
        values = {
            "bias_gradient_norm": torch.from_numpy(seen.bias_norms),
            "delta_rms": torch.from_numpy(seen.delta_rms),
            "weight_gradient_norm": torch.from_numpy(seen.weight_norms),
            "probe_cost": torch.from_numpy(seen.costs),
        }
        if self.settings.per_neuron:
            values["bias_gradient"] = stacked(self.module.by_layer(seen.bias_gradients))
        return values


class NarrowAnswers:
    """Right answers and costs of a split."""

    direct = True

    def __init__(self, module: NarrowModule, split: Examples) -> None:
        """Take the split's images."""
        self.module, self.images = module, sparse_images(split)

    def __call__(self) -> tuple[Tensor, Tensor]:
        """Count right answers and add up costs, for each replica."""
        module, count = self.module, len(self.images.labels)
        correct, costs = np.zeros(module.replicas, np.int64), np.zeros(module.replicas)
        for start in range(0, count, SLICE):
            rows = np.arange(start, min(start + SLICE, count))
            narrow_looks.evaluate(
                module.layout, self.images, rows, module.nets, module.rule, correct, costs
            )
        return torch.from_numpy(correct), torch.from_numpy(costs)
