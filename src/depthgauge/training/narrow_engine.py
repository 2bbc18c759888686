"""Steps by compiled loops, for narrow networks on mostly black images."""

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from depthgauge.config import Gradients
from depthgauge.kernel import narrow, narrow_descent, narrow_looks
from depthgauge.kernel.sparse import MOST_COLUMNS
from depthgauge.training.compiled_engine import CompiledEngine
from depthgauge.training.engine import Evaluate
from depthgauge.training.examples import Examples
from depthgauge.training.narrow_readers import NarrowEvaluator, NarrowGradients, sparse_images
from depthgauge.training.probe import Measure, Probe
from depthgauge.training.readers import GradientReader
from depthgauge.training.schedule import Chunk


class NarrowEngine(CompiledEngine):
    """Gradient descent by `kernel.narrow`, on float32 networks on the CPU.

    A replica does many steps in turn, so its weights stay in the cache. A probe that measures by
    this engine's own gradient reader alone is taken inside the loops.
    """

    _reader: NarrowGradients | None = None

    def start(self) -> None:
        """Lay the networks and the images out as the loops want them."""
        self.layout = narrow.layout(self.network.widths)
        self.nets = narrow.empty_nets(self.replicas, self.layout)
        self.take()
        self.images = sparse_images(self.examples)
        self.whole = self.sgd.batch_size == len(self.examples.labels)
        self.waiting: np.ndarray | None = None
        self.no_probe_set = narrow_looks.probe_set(
            np.zeros((0, self.network.widths[0]), np.uint8), np.zeros(0, np.uint8), 1
        )

    def descend(self, chunk: Chunk, probes: Sequence[Probe]) -> None:
        """Do the steps between one probe and the next at once, for one replica after another."""
        order = self._order(chunk)
        inner = [probe for probe in probes if probe.measure is self._reader]
        outer = [probe for probe in probes if probe.measure is not self._reader]
        cuts = {*chunk, *(step for probe in outer for step in probe.due(chunk))}
        for start, stop in itertools.pairwise(sorted(cuts)):
            part = order if self.whole else order[start - chunk.start : stop - chunk.start]
            self.waiting = part[0]
            for probe in outer:
                if start in probe.steps:
                    probe.take(start)
            self._steps(Chunk(start, stop), part, inner)
            self.ahead = True
        self.synchronize()
        self.waiting = None

    def _steps(self, chunk: Chunk, order: np.ndarray, inner: Sequence[Probe]) -> None:
        """Do the steps of `chunk`; the loops measure for `inner`, one probe or none."""
        due = [step for probe in inner for step in probe.due(chunk)]
        found = narrow_looks.empty_looks(len(due), self.replicas, self.layout)
        probe_set = self._reader.probe_set if self._reader and inner else self.no_probe_set
        narrow_descent.descend(
            self.layout, self.images, order, self.nets, self.rule, self.rates, self.decay,
            chunk.stop - chunk.start, probe_set, np.array(due, np.int64) - chunk.start, found,
        )  # fmt: skip
        if self._reader and due:
            inner[0].add(due, self._reader.values(found))

    def views(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the copy's parameters, in place."""
        weights, biases, _ = narrow.views(self.nets, self.layout)
        return weights, biases

    def take(self) -> None:
        """Copy the parameters of `network`, the weights of layers 2..L twice."""
        super().take()
        weights, _, others = narrow.views(self.nets, self.layout)
        for other, w in zip(others, weights[1:], strict=True):
            other[:] = w

    def _order(self, chunk: Chunk) -> np.ndarray:
        """Examples (step, replica, example); one step for all when it takes every example."""
        if self.whole:
            return np.arange(len(self.examples.labels)).reshape(1, 1, -1)
        return self.sgd.order(chunk.start, chunk.stop - chunk.start)

    def gradients(self, settings: Gradients) -> Measure:
        """Return what reads mean gradients in the loops' own layout.

        By matrix products where signals are asked for, or more images than the loops can number.
        """
        if settings.signals or settings.images > MOST_COLUMNS:
            return GradientReader(self, settings)
        self._reader = NarrowGradients(self, settings)
        return self._reader

    def evaluator(self, split: Examples) -> Evaluate:
        """Return what evaluates a split in the loops' own layout."""
        return NarrowEvaluator(self, split)

    def batch_gradients(self) -> list[Tensor] | None:
        """Return the mean dC/db^l of the mini-batch whose update comes next."""
        if self.waiting is None:
            return None
        found = np.zeros_like(self.nets.biases)
        narrow_looks.look_at_batch(
            self.layout, self.images, self.waiting, self.nets, self.rule, found
        )
        return self.by_layer(found)

    def by_layer(self, units: np.ndarray) -> list[Tensor]:
        """(..., padded units) -> (..., n_l) of each layer 1..L."""
        starts, widths = self.layout.units[:-1], self.layout.widths[1:]
        parts = zip(starts, widths, strict=True)
        return [torch.from_numpy(units[..., start : start + n]) for start, n in parts]
