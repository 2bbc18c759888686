"""A bar that says study, cell, step, seeds and time left, and does not slow training."""

import pytorch_lightning as pl
from tqdm import tqdm

from depthgauge.training.block import Block
from depthgauge.training.chunk_callback import ChunkCallback
from depthgauge.training.module import ReplicaModule
from depthgauge.training.probe import Readings
from depthgauge.training.schedule import Chunk


class ProgressBar(ChunkCallback):
    """One line on a terminal, refreshed by time; nothing when the output is not a terminal."""

    def __init__(self, title: str, block: Block) -> None:
        """Show `title` (study and cell) and the block's seeds."""
        self.title = f"{title} seeds {min(block.seeds)}-{max(block.seeds)}"

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the bar; a resumed block starts where it was."""
        assert isinstance(pl_module, ReplicaModule)
        self.bar = tqdm(
            total=pl_module.steps,
            initial=pl_module.reached,
            desc=self.title,
            unit="step",
            mininterval=0.5,
            disable=None,
            leave=False,
            dynamic_ncols=True,
        )

    def after_chunk(self, module: ReplicaModule, chunk: Chunk, read: dict[str, Readings]) -> None:
        """Advance by a chunk."""
        self.bar.update(chunk.stop - chunk.start)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close the bar."""
        self.bar.close()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Leave the terminal clean."""
        if hasattr(self, "bar"):
            self.bar.close()
