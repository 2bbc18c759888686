"""The LightningModule whose steps are compiled for networks of any width and dense inputs."""

from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor

from depthgauge.kernel import wide
from depthgauge.kernel.rule import Rule
from depthgauge.training.module import Examples, ReplicaModule, Seen
from depthgauge.training.schedule import Chunk


class WideModule(ReplicaModule):
    """Gradient descent by `kernel.wide`; `network` is brought up to date for who looks at it.

    The networks are float32 on the CPU, the mini-batches smaller than the training set.
    """

    def __init__(self, *arguments: Any, rule: Rule) -> None:
        """Take what a ReplicaModule takes; `rule` names its activation and cost once more."""
        super().__init__(*arguments)
        self.rule = rule

    def on_fit_start(self) -> None:
        """Copy the networks into rows that the vector instructions take whole."""
        super().on_fit_start()
        assert not self.whole, "a full batch is gathered by no step"
        like, descent = self.network.weights[0], self.descent
        self.x = like.new_empty(self.replicas, descent.batch_size, self.network.widths[0])
        self.layout = wide.wide_layout(self.network.widths)
        self.nets = wide.empty_wide_nets(self.replicas, self.layout)
        self.rates = np.array(descent.rates, np.float32)
        self.decay = np.array([1 - rate * descent.l2 for rate in descent.rates], np.float32)
        for inside, outside in self._parameter_pairs():
            inside[:] = outside.numpy()

    def compiled_pass(self, examples: Examples) -> Any:
        """Return a pass over the weights that are trained, unless matrix products are quicker."""
        from depthgauge.training.wide_looks import FEW, WidePass  # it imports this module

        return WidePass(self, examples) if len(examples.labels) <= FEW else None

    def _descend(self, chunk: Chunk, seen: Seen) -> None:
        indices = self._indices(chunk)
        for step in range(chunk.start, chunk.stop):
            self._load(indices, step - chunk.start)
            due = [probe for probe in self.probes if step in probe.steps]
            if any(not probe.direct for probe in due):
                self._give()
            if due:
                self.batch_waits = True
                self._read(step, seen, due)
                self.batch_waits = False
            wide.wide_step(
                self.layout,
                self.x.numpy(),
                self.y.argmax(dim=-1).numpy(),
                self.nets,
                self.rule,
                self.rates,
                self.decay,
            )
        self._give()

    def waiting_bias_gradients(self) -> list[Float[Tensor, "replica _"]] | None:
        """Return the mean dC/db^l of the mini-batch that waits for its step, layers 1..L."""
        if self.batch_waits:
            self.batch.forward(self.x)
            self.batch.backward(self.y, self.scale)
        return super().waiting_bias_gradients()

    def _give(self) -> None:
        for inside, outside in self._parameter_pairs():
            outside.numpy()[:] = inside

    def _parameter_pairs(self) -> list[tuple[np.ndarray, Tensor]]:
        weights, biases = wide.wide_views(self.nets, self.layout)
        pairs = [*zip(weights, self.network.weights, strict=True)]
        return [*pairs, *zip(biases, self.network.biases, strict=True)]
