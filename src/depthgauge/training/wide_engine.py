"""Steps by compiled loops, for networks of any width and dense inputs."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from torch import Tensor

from depthgauge.config import Gradients
from depthgauge.kernel import wide
from depthgauge.training.compiled_engine import CompiledEngine
from depthgauge.training.engine import Evaluate
from depthgauge.training.examples import Examples
from depthgauge.training.minibatches import MiniBatches
from depthgauge.training.probe import Measure, Probe
from depthgauge.training.readers import Evaluator, GradientReader, unscaled_means
from depthgauge.training.schedule import Chunk
from depthgauge.training.wide_pass import WidePass

FEW = 32
"""Images up to which compiled loops measure gradients; with more, matrix products are quicker."""


class WideEngine(CompiledEngine):
    """Gradient descent by `kernel.wide`, which fetches each weight twice a step.

    The networks are float32 on the CPU, the mini-batches smaller than the training set.
    """

    _batch_waits = False

    def start(self) -> None:
        """Copy the networks into rows that the vector instructions take whole."""
        like, sgd = self.network.weights[0], self.sgd
        self.batches = MiniBatches(self.examples, sgd, like, multiple=1)
        assert not self.batches.whole, "a full batch is gathered by no step"
        self.batch = self.passes.training(sgd.batch_size)
        self.scale = sgd.scale(like)
        self.layout = wide.wide_layout(self.network.widths)
        self.nets = wide.empty_wide_nets(self.replicas, self.layout)
        self.take()

    def descend(self, chunk: Chunk, probes: Sequence[Probe]) -> None:
        """Do one step after the other, of all replicas."""
        indices = self.batches.indices(chunk)
        for step in range(*chunk):
            self.batches.choose(indices, step - chunk.start)
            self.batches.gather()
            self._batch_waits = True
            for probe in probes:
                if step in probe.steps:
                    probe.take(step)
            self._batch_waits = False
            self._step()
        self.synchronize()

    def _step(self) -> None:
        batches = self.batches
        x, labels = batches.x.numpy(), batches.y.argmax(dim=-1).numpy()
        wide.wide_step(self.layout, x, labels, self.nets, self.rule, self.rates, self.decay)
        self.ahead = True

    def views(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the copy's parameters, in place."""
        return wide.wide_views(self.nets, self.layout)

    def gradients(self, settings: Gradients) -> Measure:
        """Return what measures the mean gradient, over few images in the loops' own layout."""
        if settings.images > FEW:
            return GradientReader(self, settings)
        return GradientReader(self, settings, WidePass(self, self.examples.first(settings.images)))

    def evaluator(self, split: Examples) -> Evaluate:
        """Return what evaluates a split by matrix products."""
        return Evaluator(self, split)

    def batch_gradients(self) -> list[Float[Tensor, "replica _"]] | None:
        """Return the mean dC/db^l of the mini-batch whose update comes next."""
        if not self._batch_waits:
            return None
        self.batch.forward(self.batches.x)
        self.batch.backward(self.batches.y, self.scale)
        return unscaled_means(self.batch.deltas, self.scale, self.sgd.batch_size)
