"""The mini-batches of every step, in memory that stays where it is."""

import torch
from torch import Tensor

from depthgauge.nets.buffers import LINE, padded
from depthgauge.training.engine import CHUNK
from depthgauge.training.examples import Examples, one_hot
from depthgauge.training.schedule import Chunk
from depthgauge.training.sgd import SGDSettings, Stream


class MiniBatches:
    """Inputs `x` (R, example, feature) and one-hot targets `y` of one step after another.

    The host never waits for a GPU here: a chunk's indices go there in one copy, and a step reads
    and writes buffers allocated once, as CUDA graphs require. The inputs are kept scaled, so that
    a step gathers them and has nothing else to do.
    """

    def __init__(
        self, examples: Examples, sgd: SGDSettings, like: Tensor, multiple: int = LINE
    ) -> None:
        """Allocate on the device of `like`; a replica's `x` begins at a `multiple` of floats."""
        self.examples, self.sgd = examples, sgd
        self.inputs, self.targets = self._all_examples(like)
        replicas, size = len(sgd.rates), sgd.batch_size
        self.whole = size == len(self.inputs) and sgd.stream is None
        """Whether each step takes every example, so that nothing is gathered."""
        if self.whole:
            self.x, self.y = self.inputs.expand(replicas, -1, -1), self.targets
        else:
            _, self.x = padded((replicas, size, self.inputs.shape[1]), like, multiple)
            self.y = like.new_zeros(replicas, size, examples.classes)
            self.chosen = torch.zeros(replicas * size, dtype=torch.long, device=like.device)

    def _all_examples(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs (example, feature) and one-hot targets to pick from; zeros before a stream.

        A stream's are those of a chunk, in the same place every time.
        """
        if self.sgd.stream is None:
            return self.examples.take(slice(None), like)
        count = min(CHUNK, self.sgd.steps) * self.sgd.stream_images
        features = self.examples.images.shape[1]
        return like.new_zeros(count, features), like.new_zeros(count, self.examples.classes)

    def indices(self, chunk: Chunk) -> Tensor | None:
        """Places of a chunk's examples (step, replica x example); None if a step takes them all."""
        steps = chunk.stop - chunk.start
        if self.whole or not steps:
            return None
        if self.sgd.stream is not None:
            return self._generate(chunk.start, steps, self.sgd.stream)
        order = torch.from_numpy(self.sgd.order(chunk.start, steps).reshape(steps, -1))
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

    def choose(self, indices: Tensor | None, row: int) -> None:
        """Make a row of `indices` the next step's examples."""
        if indices is not None:
            self.chosen.copy_(indices[row])

    def gather(self) -> None:
        """Copy the chosen examples to `x` and `y`."""
        if self.whole:
            return
        if self.x.is_contiguous():
            torch.index_select(self.inputs, 0, self.chosen, out=self.x.view(len(self.chosen), -1))
        else:
            self.x.copy_(self.inputs.index_select(0, self.chosen).view(self.x.shape))
        torch.index_select(self.targets, 0, self.chosen, out=self.y.view(len(self.chosen), -1))
