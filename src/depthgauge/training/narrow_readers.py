"""Gradient norms, cost and accuracy of narrow networks, read by compiled loops."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from depthgauge.config import Gradients
from depthgauge.kernel import narrow_looks
from depthgauge.kernel.sparse import SparseImages, sparse
from depthgauge.probes.gradients import stacked
from depthgauge.training.examples import Examples

if TYPE_CHECKING:
    from depthgauge.training.narrow_engine import NarrowEngine

SLICE = 100
"""Images evaluated at once: their activations stay in the cache."""


class NarrowGradients:
    """The mean gradient over the first images of the training split."""

    def __init__(self, engine: "NarrowEngine", settings: Gradients) -> None:
        """Take the images."""
        self.engine, self.settings = engine, settings
        images = engine.examples.images[: settings.images].numpy()
        labels = engine.examples.labels[: settings.images].numpy()
        self.probe_set = narrow_looks.probe_set(images, labels, engine.examples.divide)

    def __call__(self) -> dict[str, Tensor]:
        """One forward and backward pass: values by name, (replica, ...)."""
        engine = self.engine
        seen = narrow_looks.empty_looks(1, engine.replicas, engine.layout)
        narrow_looks.look(engine.layout, self.probe_set, engine.nets, engine.rule, seen)
        return {name: values[0] for name, values in self.values(seen).items()}

    def values(self, seen: narrow_looks.Looks) -> dict[str, Tensor]:
        """Return what so many measurements found: values by name, (measurement, replica, ...)."""
        values = {
            "bias_gradient_norm": torch.from_numpy(seen.bias_norms),
            "delta_rms": torch.from_numpy(seen.delta_rms),
            "weight_gradient_norm": torch.from_numpy(seen.weight_norms),
            "probe_cost": torch.from_numpy(seen.costs),
        }
        if self.settings.per_neuron:
            values["bias_gradient"] = stacked(self.engine.by_layer(seen.bias_gradients))
        return values


class NarrowEvaluator:
    """Right answers and costs of a split."""

    def __init__(self, engine: "NarrowEngine", split: Examples) -> None:
        """Take the split's images."""
        self.engine, self.images = engine, sparse_images(split)

    def __call__(self) -> tuple[Tensor, Tensor]:
        """Count right answers and add up costs, for each replica."""
        engine, count = self.engine, len(self.images.labels)
        correct, costs = np.zeros(engine.replicas, np.int64), np.zeros(engine.replicas)
        for start in range(0, count, SLICE):
            rows = np.arange(start, min(start + SLICE, count))
            narrow_looks.evaluate(
                engine.layout, self.images, rows, engine.nets, engine.rule, correct, costs
            )
        return torch.from_numpy(correct), torch.from_numpy(costs)


def sparse_images(examples: Examples) -> SparseImages:
    """Return the examples' pixels that are not 0, scaled."""
    return sparse(examples.images.numpy(), examples.labels.numpy(), examples.divide)
