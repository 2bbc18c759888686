"""The LightningModule: R networks, S steps of gradient descent a call.

Manual optimization, and a *chunk* of steps each training_step, because Lightning's loop costs
0.1 ms a call and a step of thirty sigmoid neurons a tenth of that (bench/).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from depthgauge.config import Gradients
from depthgauge.nets.activations import Activation
from depthgauge.nets.backpropagation import Pass
from depthgauge.nets.buffers import LINE, padded
from depthgauge.nets.costs import Cost
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.training.recorded import Recorded
from depthgauge.training.schedule import Chunk

CHUNK = 100
"""SGD steps a call: Lightning's share of the time is then below one percent."""


@dataclass(frozen=True)
class Examples:
    """Images as bytes with their labels, and the scale x = pixel / divide - subtract."""

    images: UInt8[Tensor, "example feature"]
    labels: UInt8[Tensor, " example"]
    divide: float
    subtract: float
    classes: int

    def inputs(self, images: UInt8[Tensor, "..."], out: Float[Tensor, "..."]) -> Tensor:
        """Scale `images` into `out`, whose dtype and shape are the network's."""
        out.copy_(images).div_(self.divide)
        return out.sub_(self.subtract) if self.subtract else out

    def first(self, count: int) -> "Examples":
        """Return the first so many examples."""
        return replace(self, images=self.images[:count], labels=self.labels[:count])

    def take(self, part: slice, like: Tensor) -> tuple[Tensor, Tensor]:
        """Return a part of the examples: inputs (part, feature), one-hot targets (part, class).

        Both have the dtype and the device of `like`.
        """
        images = self.images[part]
        x = self.inputs(images, torch.empty(images.shape, dtype=like.dtype, device=like.device))
        return x, one_hot(self.labels[part].to(like.device), self.classes, like)


def one_hot(labels: Tensor, classes: int, like: Tensor) -> Tensor:
    """Return labels (...,) as one-hot targets (..., classes) of the dtype of `like`."""
    return torch.nn.functional.one_hot(labels.long(), classes).to(like.dtype)


@dataclass(frozen=True)
class Probe:
    """A measurement taken at steps known beforehand; it may look, never touch."""

    axis: str
    """Name of its axis of steps in the record, as in gradient_step."""
    steps: frozenset[int]
    measure: Callable[[], dict[str, Tensor]]
    """Values by name, each with replica as its first axis. Called before the step's update."""
    direct: bool = False
    """It reads what a module trains with, which may be a copy, in place of its `network`."""
    amid: Any = None
    """What a module that knows its kind may measure by, amid its steps, in place of `measure`."""


@dataclass(frozen=True)
class Readings:
    """What one probe saw in one chunk."""

    steps: list[int]
    values: dict[str, np.ndarray]
    """By name, (reading, replica, ...)."""


Seen = dict[str, list[tuple[list[int], dict[str, Tensor]]]]
"""What a chunk's probes have read so far: by axis, steps and values (reading, replica, ...)."""

Stream = Callable[[int, int, torch.device], tuple[Tensor, Tensor, Tensor]]
"""(first step, steps, device) -> images, labels, indices into these (step, replica, example)."""


@dataclass(frozen=True)
class Descent:
    """Plain SGD on mini-batches: what stays the same from step to step."""

    rates: Sequence[float]
    """Learning rate of each replica."""
    batch_size: int
    steps: int
    l2: float
    """Nielsen's lambda over n: weights shrink by (1 - rate * l2) a step."""
    order: Callable[[int, int], np.ndarray]
    """(first step, steps) -> indices (step, replica, example) of the mini-batches."""
    stream: Stream | None = None
    """Examples made on the way, in place of those that `order` picks from."""
    stream_images: int = 0
    """How many of them a step takes: a mini-batch for each of its seeds."""
    seeds: Sequence[int] = ()
    """Seed of each replica."""


class ReplicaModule(pl.LightningModule):
    """Gradient descent on R networks at once, with probes at steps known beforehand.

    A training batch is a Chunk of steps, at most CHUNK of them. `training_step` returns
    {axis: Readings} of the probes that were due, for the callbacks.

    Nothing between two probes waits for a GPU: a chunk's indices go there in one copy, and a step
    finds all it needs, and leaves all it changes, in memory that stays where it is.
    """

    recordable = True
    """Whether a CUDA GPU may record the step; one that asks for a number in between forbids it."""
    diverged_at: Tensor
    """(replica,) -1, or the end of the first chunk after which a weight was not finite."""

    def __init__(
        self,
        network: ReplicaNetwork,
        activation: Activation,
        cost: Cost,
        examples: Examples,
        descent: Descent,
    ) -> None:
        """Take the networks and what they learn from; nothing is allocated before `setup`."""
        super().__init__()
        if descent.l2 and len(set(descent.rates)) > 1:
            # The decay is one number of the fused update; a block of replicas has one rate then.
            raise ValueError("replicas trained together with L2 must share one learning rate")
        self.automatic_optimization = False
        self.network, self.activation, self.cost = network, activation, cost
        self.examples, self.descent = examples, descent
        self.probes: list[Probe] = []
        self.replicas = len(descent.rates)
        self.reached = 0
        """How many steps of the schedule are done."""
        self.batch_waits = False
        """Whether `batch` holds the deltas of a step that is still to be made."""
        self.register_buffer("diverged_at", torch.full((self.replicas,), -1, dtype=torch.long))

    def configure_optimizers(self) -> None:
        """Nothing to configure: the update is fused into back-propagation."""

    def on_fit_start(self) -> None:
        """Allocate the buffers of the loop, once the networks are on their device.

        The inputs are kept scaled, so that a step gathers them and has nothing else to do.
        """
        like, size = self.network.weights[0], self.descent.batch_size
        self.inputs, self.targets = self._all_examples(like)
        self.batch = self.new_pass(size)
        rates = torch.tensor(self.descent.rates, dtype=like.dtype, device=like.device)
        self.scale = (rates / size).view(-1, 1, 1)
        self.shrink = 1 - self.descent.rates[0] * self.descent.l2
        self.whole = size == len(self.inputs) and self.descent.stream is None
        if self.whole:
            self.x, self.y = self.inputs.expand(self.replicas, -1, -1), self.targets
        else:
            _, self.x = padded((self.replicas, size, self.inputs.shape[1]), like, LINE)
            self.y = like.new_zeros(self.replicas, size, self.examples.classes)
            self.chosen = torch.zeros(self.replicas * size, dtype=torch.long, device=like.device)
        recordable = self.recordable and self.activation.slope is None
        record = recordable and like.device.type == "cuda"
        self.step = Recorded(self._step) if record else self._step

    def _all_examples(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs (example, feature) and one-hot targets to pick from; zeros before a stream.

        A stream's are those of a chunk, in the same place every time.
        """
        if self.descent.stream is None:
            return self.examples.take(slice(None), like)
        count = min(CHUNK, self.descent.steps) * self.descent.stream_images
        features = self.examples.images.shape[1]
        return like.new_zeros(count, features), like.new_zeros(count, self.examples.classes)

    def new_pass(self, examples: int) -> Pass:
        """Return a forward and backward pass with buffers of its own."""
        return Pass(self.network, self.activation, self.cost, examples)

    def new_evaluation(self, examples: int) -> Pass:
        """Return a pass that is only used forward; networks may answer otherwise then."""
        return self.new_pass(examples)

    def compiled_gradients(self, settings: Gradients) -> Any:
        """Return a compiled reader of mean gradients, None where matrix products are to do it."""
        return None

    def compiled_answers(self, split: Examples) -> Any:
        """Return a compiled reader of right answers and costs, or None."""
        return None

    def compiled_pass(self, examples: Examples) -> Any:
        """Return a compiled pass over fixed examples, or None."""
        return None

    def training_step(self, chunk: Chunk, batch_index: int = 0) -> dict[str, Readings]:
        """Do the steps of `chunk`, and read the probes that are due on the way."""
        seen: Seen = {probe.axis: [] for probe in self.probes}
        self._descend(chunk, seen)
        if chunk.stop == self.descent.steps:
            self._read(chunk.stop, seen, self.probes)
        self._note_divergence(chunk.stop)
        self.reached = chunk.stop
        return {axis: _stack(readings) for axis, readings in seen.items() if readings}

    def _descend(self, chunk: Chunk, seen: Seen) -> None:
        indices = self._indices(chunk)
        for step in range(*chunk):
            self._choose(indices, step - chunk.start)
            if any(step in probe.steps for probe in self.probes):
                self._propagate()
                self.batch_waits = True
                self._read(step, seen, self.probes)
                self._update()
                self.batch_waits = False
            else:
                self.step()

    def _step(self) -> None:
        self._propagate()
        self._update()

    def _propagate(self) -> None:
        self._gather()
        self.batch.forward(self.x)
        self.batch.backward(self.y, self.scale)

    def _indices(self, chunk: Chunk) -> Tensor | None:
        """Places of a chunk's examples (step, replica x example); None if a step takes them all."""
        steps = chunk.stop - chunk.start
        if self.whole or not steps:
            return None
        if self.descent.stream is not None:
            return self._generate(chunk.start, steps, self.descent.stream)
        order = torch.from_numpy(self.descent.order(chunk.start, steps).reshape(steps, -1))
        if self.inputs.device.type == "cuda":
            order = order.pin_memory()  # a copy from there waits for no step before it
        return order.to(self.inputs.device, non_blocking=True)

    def _generate(self, start: int, steps: int, stream: Stream) -> Tensor:
        """Put a chunk's new examples in the place of the old ones; return the indices."""
        images, labels, indices = stream(start, steps, self.inputs.device)
        here = slice(len(labels))
        self.examples.inputs(images, self.inputs[here])
        self.targets[here] = one_hot(labels, self.examples.classes, self.targets)
        return indices.reshape(steps, -1)

    def _load(self, indices: Tensor | None, row: int) -> None:
        """Bring the examples of a step."""
        self._choose(indices, row)
        self._gather()

    def _choose(self, indices: Tensor | None, row: int) -> None:
        if indices is not None:
            self.chosen.copy_(indices[row])

    def _gather(self) -> None:
        """Copy the chosen examples to `x` and `y`."""
        if self.whole:
            return
        if self.x.is_contiguous():
            torch.index_select(self.inputs, 0, self.chosen, out=self.x.view(len(self.chosen), -1))
        else:
            self.x.copy_(self.inputs.index_select(0, self.chosen).view(self.x.shape))
        torch.index_select(self.targets, 0, self.chosen, out=self.y.view(len(self.chosen), -1))

    def _read(self, step: int, seen: Seen, probes: Sequence[Probe]) -> None:
        for probe in probes:
            if step in probe.steps:
                values = probe.measure()
                seen[probe.axis].append(([step], {name: values[name][None] for name in values}))

    def _update(self) -> None:
        """BP3 and BP4 fused with the step: w <- (1 - eta lambda/n) w - eta mean dC/dw."""
        inputs = [self.x, *self.batch.activations]
        layers = zip(self.batch.weights, self.batch.biases, self.batch.deltas, strict=True)
        for (w, b, delta), a in zip(layers, inputs, strict=False):
            w.baddbmm_(delta.mT, a, beta=self.shrink, alpha=-1)
            b.sub_(delta.sum(dim=1, keepdim=True))

    def waiting_bias_gradients(self) -> list[Float[Tensor, "replica _"]] | None:
        """Return the mean dC/db^l of the mini-batch that waits for its step, layers 1..L.

        None after the last step, when none waits. (The deltas carry rate / batch size.)
        """
        if not self.batch_waits:
            return None
        rates = self.scale.squeeze(-1) * self.descent.batch_size
        return [delta.sum(dim=1) / rates for delta in self.batch.deltas]

    def _note_divergence(self, step: int) -> None:
        fresh = ~self.network.finite() & (self.diverged_at < 0)
        self.diverged_at.masked_fill_(fresh, step)


def _stack(readings: list[tuple[list[int], dict[str, Tensor]]]) -> Readings:
    """Bring a chunk's readings to the host, in one copy a name."""
    names = readings[0][1]
    return Readings(
        [step for steps, _ in readings for step in steps],
        {name: torch.cat([values[name] for _, values in readings]).cpu().numpy() for name in names},
    )
