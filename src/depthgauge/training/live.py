"""Publish each chunk's readings while the block trains."""

from collections.abc import Callable

import xarray as xr

from depthgauge.training.block import Block
from depthgauge.training.chunk_callback import ChunkCallback
from depthgauge.training.measurements import measurements
from depthgauge.training.module import ReplicaModule
from depthgauge.training.probe import Readings
from depthgauge.training.schedule import Chunk


class Live(ChunkCallback):
    """Hand every chunk's measurements to `publish`; what becomes of them never stops a training."""

    def __init__(self, block: Block, publish: Callable[[xr.Dataset | None], None]) -> None:
        """`publish` gets None after a chunk without readings: a chance to flush by time."""
        self.block, self.publish = block, publish

    def after_chunk(self, module: ReplicaModule, chunk: Chunk, read: dict[str, Readings]) -> None:
        """Publish what this chunk brought."""
        if not read:
            self.publish(None)
            return
        # A window reaches over chunks: its norms come with the whole record.
        found = measurements(module, self.block.replicas, read, window=1)
        self.publish(found.drop_vars("window_bias_gradient_norm", errors="ignore"))
