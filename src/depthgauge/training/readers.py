"""What gradient norms and accuracies are read with: matrix products, or compiled loops."""

from typing import Any

import torch
from torch import Tensor

from depthgauge.config import Gradients
from depthgauge.probes.gradients import gradient_values
from depthgauge.training.memory import SLICE
from depthgauge.training.module import Examples, ReplicaModule


def gradient_reader(module: ReplicaModule, settings: Gradients) -> Any:
    """Return what reads the mean gradient over the first images: values by name, (replica, ...).

    The module's own compiled reader if it has one; nothing here needs Numba.
    """
    return module.compiled_gradients(settings) or GradientReader(module, settings)


def answer_reader(module: ReplicaModule, split: Examples) -> Any:
    """Return what counts right answers and adds up costs over a split, each (replica,)."""
    return module.compiled_answers(split) or AnswerReader(module, split)


class GradientReader:
    """The mean gradient over the first images of the training split."""

    amid = False

    def __init__(self, module: ReplicaModule, settings: Gradients) -> None:
        """Scale the images once."""
        self.module, self.settings = module, settings
        x, self.y = module.examples.take(slice(settings.images), module.network.weights[0])
        self.x = x.expand(module.replicas, -1, -1)
        compiled = module.compiled_pass(module.examples.first(settings.images))
        self.direct = compiled is not None
        """Whether it reads what the module trains with, in place of its `network`."""
        self.passed = compiled or module.new_pass(settings.images)

    def __call__(self) -> dict[str, Tensor]:
        """One forward and backward pass."""
        z = self.passed.forward(self.x)
        cost = self.module.cost.value(z, self.y).mean(dim=1)
        self.passed.backward(self.y)
        values = gradient_values(
            self.passed.deltas,
            [self.x, *self.passed.activations[:-1]],
            signals=self.settings.signals,
            per_neuron=self.settings.per_neuron,
        )
        return {**values, "probe_cost": cost}


class AnswerReader:
    """Right answers and costs of a split, a slice at a time."""

    direct = False

    def __init__(self, module: ReplicaModule, split: Examples) -> None:
        """Allocate one slice's pass; the last, shorter slice has another."""
        self.module, self.split = module, split
        count = len(split.labels)
        sizes = {min(SLICE, count), count % SLICE} - {0}
        self.passes = {size: module.new_evaluation(size) for size in sizes}

    def __call__(self) -> tuple[Tensor, Tensor]:
        """Count right answers and add up costs, for each replica."""
        like = self.module.network.weights[0]
        correct = torch.zeros(self.module.replicas, dtype=torch.long, device=like.device)
        cost = torch.zeros(self.module.replicas, dtype=torch.double, device=like.device)
        for start in range(0, len(self.split.labels), SLICE):
            x, y = self.split.take(slice(start, start + SLICE), like)
            z = self.passes[len(x)].forward(x.expand(self.module.replicas, -1, -1))
            correct += (z.argmax(dim=-1) == y.argmax(dim=-1)).sum(dim=1)
            cost += self.module.cost.value(z, y).sum(dim=1, dtype=torch.double)
        return correct, cost
