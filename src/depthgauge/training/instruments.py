"""Lightning callbacks that measure while a ReplicaModule trains.

Each adds a probe to the module and keeps what the chunks bring back; none changes a number of the
training (tested bit for bit).
"""

from collections.abc import Callable, Iterable
from functools import partial

import pytorch_lightning as pl

from depthgauge.config import Gradients
from depthgauge.errors import ConfigError
from depthgauge.training.chunk_callback import ChunkCallback
from depthgauge.training.engine import Engine
from depthgauge.training.module import ReplicaModule
from depthgauge.training.probe import Measure, Probe, Readings
from depthgauge.training.quantities import gradient_norms
from depthgauge.training.schedule import Chunk, probe_steps


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
        if not isinstance(pl_module, ReplicaModule):
            raise ConfigError(
                f"{type(self).__name__} measures the networks of this package's studies, not"
                f" {type(pl_module).__name__}: for a LightningModule of your own, use"
                " GradientFlow (`from depthgauge import GradientFlow`)"
            )
        pl_module.probes.append(Probe(self.axis, self.steps, self.prepare(pl_module.engine)))

    def after_chunk(self, module: ReplicaModule, chunk: Chunk, read: dict[str, Readings]) -> None:
        """Keep what this chunk brought."""
        if self.axis in read:
            self.readings.append(read[self.axis])

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Let go of the buffers."""
        assert isinstance(pl_module, ReplicaModule)
        pl_module.probes[:] = [each for each in pl_module.probes if each.axis != self.axis]


class GradientNorms(Instrument):
    """Per layer: how fast it learns, on a fixed probe set and on the mini-batch itself."""

    def __init__(self, settings: Gradients, steps: int) -> None:
        """Follow `settings` over a run of `steps` steps."""
        due = probe_steps(settings.every, settings.spacing, steps)
        super().__init__("gradient_step", due, partial(gradient_norms, settings))
