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
from depthgauge.probes.gradients import stacked
from depthgauge.training.module import Examples, Probe, Readings, ReplicaModule
from depthgauge.training.readers import answer_reader, gradient_reader
from depthgauge.training.schedule import Chunk, probe_steps


class Instrument(pl.Callback):
    """A callback with one probe; `readings` collects what the probe saw, in order."""

    axis: str
    direct = False
    """Whether `measure` never reads the module's `network` (Probe.direct)."""
    amid: Any = None
    """What the module may measure by itself (Probe.amid)."""

    def __init__(self, steps: Iterable[int]) -> None:
        """Measure at `steps`."""
        self.steps = frozenset(steps)
        self.readings: list[Readings] = []

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Prepare buffers on the networks' device, then take part in every chunk."""
        assert isinstance(pl_module, ReplicaModule)
        self.module = pl_module
        self.prepare()
        pl_module.probes.append(Probe(self.axis, self.steps, self.measure, self.direct, self.amid))

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
        """Take the probe set: the first images of the training split."""
        self.read = gradient_reader(self.module, self.settings)
        alone = not self.settings.batch
        self.amid = self.read if self.read.amid and alone else None
        self.direct = self.read.direct and (self.read.amid or alone)

    def measure(self) -> dict[str, Tensor]:
        """One forward and backward pass over the probe set."""
        values = self.read()
        if self.settings.batch:
            values["batch_bias_gradient"] = self._batch_gradients()
        return values

    def passes_per_measure(self) -> float:
        """Forward, backward and weight gradient of every probe image."""
        return 6.0 * self.settings.images

    def _batch_gradients(self) -> Tensor:
        """The mini-batch's own mean gradient; NaN when no mini-batch waits to be used."""
        found = self.module.waiting_bias_gradients()
        if found is None:
            found = [torch.full_like(b[:, 0], float("nan")) for b in self.module.network.biases]
        return stacked(found)


class Accuracy(Instrument):
    """Cost and accuracy on whole splits."""

    axis = "evaluation_step"

    def __init__(self, settings: Evaluation, steps: int, splits: dict[str, Examples]) -> None:
        """Evaluate `splits` as `settings` say over a run of `steps` steps."""
        super().__init__(probe_steps(settings.every, Spacing.linear, steps))
        self.splits = splits

    def prepare(self) -> None:
        """Take the splits."""
        self.readers = {
            name: answer_reader(self.module, split) for name, split in self.splits.items()
        }
        self.direct = all(read.direct for read in self.readers.values())

    def measure(self) -> dict[str, Tensor]:
        """Evaluate every split."""
        values = {}
        for name, read in self.readers.items():
            correct, cost = read()
            values[f"accuracy_{name}"] = correct.double() / len(self.splits[name].labels)
            values[f"cost_{name}"] = cost / len(self.splits[name].labels)
        return values

    def passes_per_measure(self) -> float:
        """Forward alone, over every image of the splits."""
        return 2.0 * sum(len(split.labels) for split in self.splits.values())
