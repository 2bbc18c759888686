"""Publish each chunk's readings while the block trains."""

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import xarray as xr

from depthgauge.training.block import Block
from depthgauge.training.measurements import measurements
from depthgauge.training.module import ReplicaModule
from depthgauge.training.schedule import Chunk


class Live(pl.Callback):
    """Hand every chunk's measurements to `publish`; what becomes of them never stops a training."""

    def __init__(self, block: Block, publish: Callable[[xr.Dataset | None], None]) -> None:
        """`publish` gets None after a chunk without readings: a chance to flush by time."""
        self.block, self.publish = block, publish

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Chunk,
        batch_idx: int,
    ) -> None:
        """Publish what this chunk brought."""
        assert isinstance(pl_module, ReplicaModule)
        if not outputs:
            self.publish(None)
            return
        # A window reaches over chunks: its norms come with the whole record.
        found = measurements(pl_module, self.block.replicas, outputs, window=1)
        self.publish(found.drop_vars("window_bias_gradient_norm", errors="ignore"))
