"""Gradient norms and evaluations by matrix products, for any engine."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from depthgauge.config import Gradients
from depthgauge.probes.gradients import gradient_values
from depthgauge.training.engine import Engine
from depthgauge.training.examples import Examples
from depthgauge.training.memory import SLICE


@runtime_checkable
class GradientPass(Protocol):
    """What is asked of a nets.Pass, or of compiled loops in its place."""

    activations: list[Tensor]
    deltas: list[Tensor]

    def forward(self, x: Tensor) -> Tensor:
        """Return z^L (replica, example, unit)."""
        ...

    def backward(self, y: Tensor) -> Any:
        """Fill `deltas` with dC/dz^l of each example."""
        ...


class GradientReader:
    """The mean gradient over the first images of the training split."""

    def __init__(
        self, engine: Engine, settings: Gradients, over: GradientPass | None = None
    ) -> None:
        """Scale the images once; `over`: a pass over them, in place of one of the engine's."""
        self.cost, self.settings = engine.cost, settings
        x, self.y = engine.examples.take(slice(settings.images), engine.network.weights[0])
        self.x = x.expand(engine.replicas, -1, -1)
        self.over = over or engine.passes.probing(settings.images)

    def __call__(self) -> dict[str, Tensor]:
        """One forward and backward pass: values by name, (replica, ...)."""
        z = self.over.forward(self.x)
        cost = self.cost.value(z, self.y).mean(dim=1)
        self.over.backward(self.y)
        values = gradient_values(
            self.over.deltas,
            [self.x, *self.over.activations[:-1]],
            signals=self.settings.signals,
            per_neuron=self.settings.per_neuron,
        )
        return {**values, "probe_cost": cost}


class Evaluator:
    """Right answers and costs of a split, a slice at a time."""

    def __init__(self, engine: Engine, split: Examples) -> None:
        """Have the passes allocated; the last, shorter slice has another than the others.

        The split goes to the networks' device once, as bytes.
        """
        self.engine, self.split = engine, split.to(engine.network.weights[0].device)
        count = len(split.labels)
        sizes = {min(SLICE, count), count % SLICE} - {0}
        self.passes = {size: engine.passes.evaluating(size) for size in sizes}

    def __call__(self) -> tuple[Tensor, Tensor]:
        """Count right answers and add up costs, for each replica."""
        like, replicas = self.engine.network.weights[0], self.engine.replicas
        correct = torch.zeros(replicas, dtype=torch.long, device=like.device)
        cost = torch.zeros(replicas, dtype=torch.double, device=like.device)
        for start in range(0, len(self.split.labels), SLICE):
            x, y = self.split.take(slice(start, start + SLICE), like)
            z = self.passes[len(x)].forward(x.expand(replicas, -1, -1))
            correct += (z.argmax(dim=-1) == y.argmax(dim=-1)).sum(dim=1)
            cost += self.engine.cost.value(z, y).sum(dim=1, dtype=torch.double)
        return correct, cost


def unscaled_means(
    deltas: Sequence[Float[Tensor, "replica example _"]],
    scale: Float[Tensor, "replica 1 1"],
    examples: int,
) -> list[Float[Tensor, "replica _"]]:
    """Return the mean dC/db^l of a mini-batch whose deltas carry `scale`, rate / examples."""
    rates = scale.squeeze(-1) * examples
    return [delta.sum(dim=1) / rates for delta in deltas]
