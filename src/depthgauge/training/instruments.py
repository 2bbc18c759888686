"""Lightning callbacks that measure while a ReplicaModule trains.

Each adds a probe to the module and keeps what the chunks bring back; none changes a number of the
training (tested bit for bit).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytorch_lightning as pl

from depthgauge.training.engine import Engine
from depthgauge.training.module import ReplicaModule
from depthgauge.training.probe import Measure, Probe, Readings
from depthgauge.training.schedule import Chunk


class ChunkCallback(pl.Callback):
    """A callback that is run after each chunk of steps of a ReplicaModule."""

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Chunk,
        batch_idx: int,
    ) -> None:
        """Hand the chunk on."""
        assert isinstance(pl_module, ReplicaModule)
        self.after_chunk(pl_module, batch, outputs)

    def after_chunk(
        self, module: ReplicaModule, chunk: Chunk, readings: Mapping[str, Readings]
    ) -> None:
        """Use the readings of this chunk, by axis."""
        raise NotImplementedError


class Instrument(ChunkCallback):
    """A callback with one probe; `readings` collects what the probe read, in order."""

    def __init__(
        self, axis: str, steps: Iterable[int], prepare: Callable[[Engine], Measure]
    ) -> None:
        """Measure at `steps`, along `axis`, by what `prepare` returns as a training starts."""
        self.axis, self.steps, self.prepare = axis, frozenset(steps), prepare
        self.readings: list[Readings] = []

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Allocate buffers on the networks' device, and take part in every chunk."""
        assert isinstance(pl_module, ReplicaModule)
        pl_module.probes.append(Probe(self.axis, self.steps, self.prepare(pl_module.engine)))

    def after_chunk(
        self, module: ReplicaModule, chunk: Chunk, readings: Mapping[str, Readings]
    ) -> None:
        """Keep the readings of this axis."""
        if self.axis in readings:
            self.readings.append(readings[self.axis])

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Release the buffers."""
        assert isinstance(pl_module, ReplicaModule)
        pl_module.probes[:] = [each for each in pl_module.probes if each.axis != self.axis]
