"""What callbacks of a ReplicaModule do when a chunk of steps is done."""

from typing import Any

import pytorch_lightning as pl

from depthgauge.training.module import ReplicaModule
from depthgauge.training.probe import Readings
from depthgauge.training.schedule import Chunk


class ChunkCallback(pl.Callback):
    """A callback whose `after_chunk` is called in place of `on_train_batch_end`."""

    def after_chunk(self, module: ReplicaModule, chunk: Chunk, read: dict[str, Readings]) -> None:
        """Do what is to be done once `chunk` is done; `read` is what probes read in it, by axis."""
        raise NotImplementedError

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Chunk,
        batch_idx: int,
    ) -> None:
        """Call `after_chunk`."""
        assert isinstance(pl_module, ReplicaModule)
        self.after_chunk(pl_module, batch, outputs)
