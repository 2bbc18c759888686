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


NO_LABELS = np.zeros(0, np.int64)


class WideEngine(CompiledEngine):
    """Gradient descent by `kernel.wide`, which fetches each weight twice a step.

    The networks are float32 on the CPU, the mini-batches smaller than the training set. A probe
    that measures by this engine's own gradient reader alone is taken by the step itself.
    """

    _batch_waits = False
    _reader: GradientReader | None = None
    _pass: WidePass | None = None

    def start(self) -> None:
        """Copy the networks into rows that the vector instructions take whole."""
        like, sgd = self.network.weights[0], self.sgd
        self.batches = MiniBatches(self.examples, sgd, like, multiple=1)
        assert not self.batches.whole, "a full batch is gathered by no step"
        self.batch = self.passes.training(sgd.batch_size)
        self.scale = sgd.scale(like)
        self.layout = wide.wide_layout(self.network.widths)
        self.nets = wide.empty_wide_nets(self.replicas, self.layout)
        self.work = wide.wide_work(1, sgd.batch_size, self.layout)
        self.take()

    def descend(self, chunk: Chunk, probes: Sequence[Probe]) -> None:
        """Do one step after the other, of all replicas."""
        indices = self.batches.indices(chunk)
        inner = [probe for probe in probes if probe.measure is self._reader]
        outer = [probe for probe in probes if probe.measure is not self._reader]
        for step in range(*chunk):
            self.batches.choose(indices, step - chunk.start)
            self.batches.gather()
            self._batch_waits = True
            for probe in outer:
                if step in probe.steps:
                    probe.take(step)
            self._batch_waits = False
            due = [probe for probe in inner if step in probe.steps]
            self._run(learn=True, taken=self._pass if due else None)
            self.ahead = True
            for probe in due:
                probe.take(step)
        self.synchronize()

    def look(self, taken: WidePass) -> None:
        """Fill a pass over its images; no network changes."""
        self._run(learn=False, taken=taken)

    def _run(self, *, learn: bool, taken: WidePass | None) -> None:
        """Take the mini-batch through the loops, and with it the images of a pass."""
        x, y = self.batches.x.numpy(), self.batches.y.argmax(dim=-1).numpy()
        labels, work = (taken.labels, taken.work) if taken else (NO_LABELS, self.work)
        wide.wide_step(
            self.layout, x, y, labels, self.nets, self.rule, self.rates, self.decay, learn, work
        )
        if taken:
            taken.taken = True

    def views(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the copy's parameters, in place."""
        return wide.wide_views(self.nets, self.layout)

    def gradients(self, settings: Gradients) -> Measure:
        """Return what measures the mean gradient, over few images in the loops' own layout."""
        if settings.images > FEW:
            return GradientReader(self, settings)
        self._pass = WidePass(self, self.examples.first(settings.images))
        self._reader = GradientReader(self, settings, self._pass)
        return self._reader

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
