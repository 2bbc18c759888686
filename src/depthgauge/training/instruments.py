"""Lightning callbacks that measure: gradient norms, cost and accuracy.

Each adds a probe to the module and keeps what the chunks bring back; none changes a number of the
training (tested bit for bit).
"""

from collections.abc import Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from depthgauge.config import Evaluation, Gradients, Spacing
from depthgauge.probes.gradients import (
    delta_norms,
    layer_speeds,
    mean_bias_gradients,
    weight_gradient_norms,
)
from depthgauge.probes.lengths import input_squares
from depthgauge.training.module import Examples, Probe, Readings, ReplicaModule
from depthgauge.training.schedule import Chunk, probe_steps

SLICE = 1000
"""Images evaluated at once: large enough for full speed, small enough for the cache."""


class Instrument(pl.Callback):
    """A callback with one probe; `readings` collects what the probe saw, in order."""

    axis: str

    def __init__(self, steps: Iterable[int]) -> None:
        """Measure at `steps`."""
        self.steps = frozenset(steps)
        self.readings: list[Readings] = []

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Prepare buffers on the networks' device, then take part in every chunk."""
        assert isinstance(pl_module, ReplicaModule)
        self.module = pl_module
        self.prepare()
        pl_module.probes.append(Probe(self.axis, self.steps, self.measure))

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Chunk,
        batch_idx: int,
    ) -> None:
        """Keep what this chunk brought."""
        if self.axis in outputs:
            self.readings.append(outputs[self.axis])

    def prepare(self) -> None:
        """Allocate what `measure` needs."""

    def measure(self) -> dict[str, Tensor]:
        """Return this step's values by name, each (replica, ...)."""
        raise NotImplementedError

    def passes_per_measure(self) -> float:
        """Return the floating-point operations of one measure per weight and replica."""
        raise NotImplementedError


class GradientNorms(Instrument):
    """Per layer: how fast it learns, on a fixed probe set and on the mini-batch itself."""

    axis = "gradient_step"

    def __init__(self, settings: Gradients, steps: int) -> None:
        """Follow `settings` over a run of `steps` steps."""
        super().__init__(probe_steps(settings.every, settings.spacing, steps))
        self.settings = settings

    def prepare(self) -> None:
        """Scale the probe set once: the first images of the training split."""
        like = self.module.network.weights[0]
        x, self.y = self.module.examples.take(slice(self.settings.images), like)
        self.x = x.expand(self.module.replicas, -1, -1)
        self.passed = self.module.new_pass(self.settings.images)

    def measure(self) -> dict[str, Tensor]:
        """One forward and backward pass over the probe set."""
        z = self.passed.forward(self.x)
        cost = self.module.cost.value(z, self.y).mean(dim=1)
        self.passed.backward(self.y)
        deltas, inputs = self.passed.deltas, [self.x, *self.passed.activations[:-1]]
        values = {
            "bias_gradient_norm": layer_speeds(deltas),
            "delta_norm": delta_norms(deltas),
            "weight_gradient_norm": weight_gradient_norms(deltas, inputs),
            "probe_cost": cost,
        }
        if self.settings.signals:
            values["input_square"] = input_squares(inputs)
        if self.settings.per_neuron:
            values["bias_gradient"] = _stacked(mean_bias_gradients(deltas))
        if self.settings.batch:
            values["batch_bias_gradient"] = _stacked(self._batch_gradients())
        return values

    def passes_per_measure(self) -> float:
        """Forward, backward and weight gradient of every probe image."""
        return 6.0 * self.settings.images

    def _batch_gradients(self) -> list[Tensor]:
        """The mini-batch's own mean gradient: the module's deltas carry rate / batch size.

        NaN after the last step, when no mini-batch waits to be used.
        """
        rates = self.module.scale.squeeze(-1) * self.module.descent.batch_size
        if not self.module.batch_waits:
            rates = torch.full_like(rates, float("nan"))
        return [delta.sum(dim=1) / rates for delta in self.module.batch.deltas]


class Accuracy(Instrument):
    """Cost and accuracy on whole splits."""

    axis = "evaluation_step"

    def __init__(self, settings: Evaluation, steps: int, splits: dict[str, Examples]) -> None:
        """Evaluate `splits` as `settings` say over a run of `steps` steps."""
        super().__init__(probe_steps(settings.every, Spacing.linear, steps))
        self.splits = splits

    def prepare(self) -> None:
        """Allocate one slice's pass; a split's last, shorter slice has another."""
        self.passes = {
            size: self.module.new_evaluation(size)
            for split in self.splits.values()
            for size in {min(SLICE, len(split.labels)), len(split.labels) % SLICE} - {0}
        }

    def measure(self) -> dict[str, Tensor]:
        """Evaluate every split, a slice at a time."""
        values = {}
        for name, split in self.splits.items():
            correct, cost = self._evaluate(split)
            values[f"accuracy_{name}"] = correct.double() / len(split.labels)
            values[f"cost_{name}"] = cost / len(split.labels)
        return values

    def passes_per_measure(self) -> float:
        """Forward alone, over every image of the splits."""
        return 2.0 * sum(len(split.labels) for split in self.splits.values())

    def _evaluate(self, split: Examples) -> tuple[Tensor, Tensor]:
        """Count correct answers and sum costs over a split, for each replica."""
        like = self.module.network.weights[0]
        correct = torch.zeros(self.module.replicas, dtype=torch.long, device=like.device)
        cost = torch.zeros(self.module.replicas, dtype=torch.double, device=like.device)
        for start in range(0, len(split.labels), SLICE):
            x, y = split.take(slice(start, start + SLICE), like)
            z = self.passes[len(x)].forward(x.expand(self.module.replicas, -1, -1))
            correct += (z.argmax(dim=-1) == y.argmax(dim=-1)).sum(dim=1)
            cost += self.module.cost.value(z, y).sum(dim=1, dtype=torch.double)
        return correct, cost


def _stacked(vectors: list[Tensor]) -> Tensor:
    """(replica, n_l) of each layer -> (replica, layer, widest), NaN beyond a layer's width."""
    widest = max(each.shape[1] for each in vectors)
    pad = torch.nn.functional.pad
    return torch.stack(
        [pad(each, (0, widest - each.shape[1]), value=float("nan")) for each in vectors], dim=1
    )
