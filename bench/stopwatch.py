"""Seconds that Lightning spends on training steps, its own start-up and end excluded."""

import time

import pytorch_lightning as pl


class Stopwatch(pl.Callback):
    """Reads the clock when the first batch may come and when the last one is done."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start."""
        self.start = time.perf_counter()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop."""
        self.seconds = time.perf_counter() - self.start
