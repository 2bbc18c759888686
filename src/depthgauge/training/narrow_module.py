"""The LightningModule whose steps are compiled loops: narrow nets on mostly black images."""

import itertools
from typing import Any

import numpy as np
import torch
from torch import Tensor

from depthgauge.config import Gradients
from depthgauge.kernel import narrow, narrow_descent, narrow_looks
from depthgauge.kernel.rule import Rule
from depthgauge.kernel.sparse import MOST_COLUMNS, SparseImages, sparse
from depthgauge.training.module import Examples, Probe, ReplicaModule, Seen
from depthgauge.training.schedule import Chunk


class NarrowModule(ReplicaModule):
    """Gradient descent by `kernel.narrow`; `network` is brought up to date for who looks at it.

    The networks are float32 on the CPU. A probe's `amid` is a NarrowGradients, whose looks the
    loops take themselves, while a replica's weights are in the cache.
    """

    def __init__(self, *arguments: Any, rule: Rule) -> None:
        """Take what a ReplicaModule takes; `rule` names its activation and cost once more."""
        super().__init__(*arguments)
        self.rule = rule

    def on_fit_start(self) -> None:
        """Lay the networks and the images out as the loops want them."""
        examples, descent = self.examples, self.descent
        self.layout = narrow.layout(self.network.widths)
        self.nets = narrow.empty_nets(self.replicas, self.layout)
        narrow.take_parameters(self.nets, self.layout, *self._layers())
        self.images = sparse_images(examples)
        self.rates = np.array(descent.rates, np.float32)
        self.shrink = np.array([1 - rate * descent.l2 for rate in descent.rates], np.float32)
        self.whole = descent.batch_size == len(examples.labels)
        self.waiting: np.ndarray | None = None
        self.no_probe_set = narrow_looks.probe_set(
            np.zeros((0, self.network.widths[0]), np.uint8), np.zeros(0, np.uint8), 1
        )

    def compiled_gradients(self, settings: Gradients) -> Any:
        """Return what reads mean gradients in the loops' own layout; signals it does not read."""
        from depthgauge.training.narrow_readers import NarrowGradients  # it imports this module

        few = settings.images <= MOST_COLUMNS  # the loops number images by pixel
        return NarrowGradients(self, settings) if few and not settings.signals else None

    def compiled_answers(self, split: Examples) -> Any:
        """Return what counts right answers in the loops' own layout."""
        from depthgauge.training.narrow_readers import NarrowAnswers

        return NarrowAnswers(self, split)

    def _descend(self, chunk: Chunk, seen: Seen) -> None:
        order = self._order(chunk)
        amid = next((probe for probe in self.probes if probe.amid), None)
        asked = [probe for probe in self.probes if probe is not amid]
        indirect = self._due(chunk, [probe for probe in asked if not probe.direct])
        for start, stop in itertools.pairwise(sorted({*chunk, *self._due(chunk, asked)})):
            part = order if self.whole else order[start - chunk.start : stop - chunk.start]
            self.waiting = part[0]
            if start in indirect:
                self._give()
            self._read(start, seen, asked)
            self._steps(Chunk(start, stop), part, amid, seen)
        self._give()
        self.waiting = None

    def _steps(self, chunk: Chunk, order: np.ndarray, amid: Probe | None, seen: Seen) -> None:
        """Do the steps of `chunk`, with the looks of `amid` that fall into it."""
        due = sorted(self._due(chunk, [amid])) if amid else []
        found = narrow_looks.empty_glance(len(due), self.replicas, self.layout)
        narrow_descent.descend(
            self.layout, self.images, order, self.nets, self.rule, self.rates, self.shrink,
            chunk.stop - chunk.start, amid.amid.probe_set if amid else self.no_probe_set,
            np.array(due, np.int64) - chunk.start, found,
        )  # fmt: skip
        if amid and due:
            seen[amid.axis].append((due, amid.amid.values(found)))

    def _due(self, chunk: Chunk, probes: list[Probe]) -> set[int]:
        return {step for step in range(*chunk) if any(step in probe.steps for probe in probes)}

    def _give(self) -> None:
        narrow.give_parameters(self.nets, self.layout, *self._layers())

    def _order(self, chunk: Chunk) -> np.ndarray:
        """Examples (step, replica, example); one step for all when it takes every example."""
        if self.whole:
            return np.arange(len(self.examples.labels)).reshape(1, 1, -1)
        return self.descent.order(chunk.start, chunk.stop - chunk.start)

    def _layers(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        weights, biases = self.network.weights, self.network.biases
        return [w.numpy() for w in weights], [b.numpy() for b in biases]

    def waiting_bias_gradients(self) -> list[Tensor] | None:
        """Return the mean dC/db^l of the mini-batch that waits for its step, layers 1..L."""
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


def sparse_images(examples: Examples) -> SparseImages:
    """Return the examples' pixels that are not 0, scaled."""
    return sparse(examples.images.numpy(), examples.labels.numpy(), examples.divide)
