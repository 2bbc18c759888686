"""The LightningModule: R networks, trained by an engine.

Manual optimization, and a *chunk* of SGD steps a training batch, because Lightning's loop costs
0.1 ms a batch and a step of thirty sigmoid neurons a tenth of that (bench/).
"""

from typing import Any

import pytorch_lightning as pl
import torch
from jaxtyping import Float
from torch import Tensor

from depthgauge.nets.network import ReplicaNetwork
from depthgauge.training.engine import CHUNK, Engine
from depthgauge.training.examples import Examples
from depthgauge.training.memory import SLICE
from depthgauge.training.optimizer import ReplicaOptimizer
from depthgauge.training.probe import Probe, Readings
from depthgauge.training.schedule import Chunk, Chunks


class ReplicaModule(pl.LightningModule):
    """R networks that are trained side by side, each from its own seed at its own rate.

    A training batch is a Chunk of SGD steps, at most CHUNK of them. Lightning's `global_step`
    counts chunks; the metric `step`, which loggers take for their axis, counts SGD steps. Logged
    metrics are means over the replicas. `state_dict` holds all that a resumed training needs.
    """

    diverged_at: Tensor
    """(replica,) -1, or the end of the first chunk after which a weight was not finite."""
    steps_done: Tensor
    """(1,): SGD steps of the schedule that are done."""

    def __init__(self, engine: Engine, validation: Examples | None = None) -> None:
        """Train by `engine`; `validation` is what Lightning's validation loop evaluates."""
        super().__init__()
        self.automatic_optimization = False
        self.engine, self.validation = engine, validation
        self.probes: list[Probe] = []
        self.logs = True
        """Whether metrics are logged; a study's own Trainer has nobody who reads them."""
        self.register_buffer("diverged_at", torch.full((self.replicas,), -1, dtype=torch.long))
        self.register_buffer("steps_done", torch.zeros(1, dtype=torch.long))

    @property
    def network(self) -> ReplicaNetwork:
        """The networks, up to date between two training batches."""
        return self.engine.network

    @property
    def replicas(self) -> int:
        """How many networks there are."""
        return self.engine.replicas

    @property
    def steps(self) -> int:
        """SGD steps of the whole schedule."""
        return self.engine.sgd.steps

    @property
    def reached(self) -> int:
        """SGD steps of the schedule that are done."""
        return int(self.steps_done)

    def forward(
        self, x: Float[Tensor, "*replica example feature"]
    ) -> Float[Tensor, "replica example class"]:
        """Return the outputs a^L for scaled inputs, the same for all replicas or one set each."""
        over = self.engine.passes.evaluating(x.shape[-2])
        over.forward(x.expand(self.replicas, -1, -1))
        return over.outputs().clone()

    def configure_optimizers(self) -> ReplicaOptimizer:
        """Return the optimizer that holds the learning rates and counts chunks."""
        return ReplicaOptimizer(self.network, self.engine.sgd.rates)

    def train_dataloader(self) -> Chunks:
        """Return the steps that are left, in chunks."""
        return Chunks(self.reached, self.steps, CHUNK)

    def on_fit_start(self) -> None:
        """Allocate the engine's buffers: the networks are on their device by now."""
        self.engine.start()

    def on_fit_end(self) -> None:
        """Let the engine know that no step is to come."""
        self.engine.stop()

    def training_step(self, chunk: Chunk, batch_idx: int) -> dict[str, Readings]:
        """Do the steps of `chunk`; return what probes read, by axis."""
        found: dict[str, Readings] = {}
        optimizer = self.optimizers()
        assert not isinstance(optimizer, list)
        optimizer.step(lambda: found.update(self.run(chunk)))
        return found

    def run(self, chunk: Chunk) -> dict[str, Readings]:
        """Do the steps of `chunk` without a Trainer, once the engine was started.

        The probes are taken before the steps they are due at, and after the last one.
        """
        self.engine.descend(chunk, self.probes)
        if chunk.stop == self.steps:
            for probe in self.probes:
                if chunk.stop in probe.steps:
                    probe.take(chunk.stop)
        fresh = ~self.network.finite() & (self.diverged_at < 0)
        self.diverged_at.masked_fill_(fresh, chunk.stop)
        self.steps_done.fill_(chunk.stop)
        read = {probe.axis: probe.collect() for probe in self.probes}
        return {axis: readings for axis, readings in read.items() if readings}

    def on_train_batch_end(self, outputs: Any, batch: Chunk, batch_idx: int) -> None:
        """Log the newest reading of every quantity that is one number a replica."""
        if not self.logs:
            return
        for readings in outputs.values():
            for name, values in readings.values.items():
                if values.ndim == 2:
                    self.log(name, float(values[-1].mean()))
        self.log("step", float(batch.stop))

    def val_dataloader(self) -> Chunks | list[Any]:
        """Return slices of the validation images; no batch without such images."""
        if self.validation is None:
            return []
        return Chunks(0, len(self.validation.labels), SLICE)

    def validation_step(self, images: Chunk, batch_idx: int) -> None:
        """Log the cost and the accuracy on a slice of the validation images."""
        assert self.validation is not None
        x, y = self.validation.take(slice(*images), self.network.weights[0])
        z = self.engine.passes.evaluating(len(x)).forward(x.expand(self.replicas, -1, -1))
        right = (z.argmax(dim=-1) == y.argmax(dim=-1)).float()
        found = {"val_cost": self.engine.cost.value(z, y).mean(), "val_accuracy": right.mean()}
        self.log_dict(found, batch_size=len(x))
