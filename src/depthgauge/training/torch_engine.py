"""Steps by PyTorch's batched matrix products: any network, any device."""

from collections.abc import Callable, Sequence

from jaxtyping import Float
from torch import Tensor

from depthgauge.config import Gradients
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.training.cuda_graph import GraphedStep
from depthgauge.training.engine import Engine, Evaluate, Setup
from depthgauge.training.examples import Examples
from depthgauge.training.minibatches import MiniBatches
from depthgauge.training.passes import Passes, WrittenOut
from depthgauge.training.probe import Measure, Probe
from depthgauge.training.readers import Evaluator, GradientReader, unscaled_means
from depthgauge.training.schedule import Chunk
from depthgauge.training.sgd import SGDSettings
from depthgauge.training.updates import FusedSGD, Update


class TorchEngine(Engine):
    """Back-propagation of all replicas at once, then an Update.

    Between probes the host never synchronizes with a GPU: steps read and write buffers that stay
    where they are, and on CUDA a step is captured as a graph.
    """

    def __init__(
        self,
        setup: Setup,
        *,
        update: Callable[[ReplicaNetwork, SGDSettings], Update] = FusedSGD,
        passes: Passes | None = None,
        graphs: bool = True,
    ) -> None:
        """`passes` differentiate the network, `update` makes its update; `graphs`: use them."""
        written_out = WrittenOut(setup.network, setup.activation, setup.cost)
        super().__init__(setup, passes or written_out)
        self.update = update(setup.network, setup.sgd)
        self.graphs = graphs
        self._batch_waits = False

    def start(self) -> None:
        """Allocate the buffers of the loop."""
        like, size = self.network.weights[0], self.sgd.batch_size
        self.batches = MiniBatches(self.examples, self.sgd, like)
        self.batch = self.passes.training(size)
        self.scale = self.sgd.scale(like)
        self.update.start(self.batch, self.batches.x)
        capturable = self.update.capturable and self.activation.slope is None
        graphed = self.graphs and capturable and like.device.type == "cuda"
        self.step = GraphedStep(self.eager_step) if graphed else self.eager_step

    def descend(self, chunk: Chunk, probes: Sequence[Probe]) -> None:
        """Do the steps of `chunk`; the deltas of a step are there when its probes are taken."""
        indices = self.batches.indices(chunk)
        for step in range(*chunk):
            self.batches.choose(indices, step - chunk.start)
            due = [probe for probe in probes if step in probe.steps]
            if not due:
                self.step()
                continue
            self._propagate()
            self._batch_waits = True
            for probe in due:
                probe.take(step)
            self.update.step()
            self._batch_waits = False

    def stop(self) -> None:
        """Destroy the captured graph."""
        self.step = self.eager_step

    def eager_step(self) -> None:
        """Do one step, its operations launched one by one."""
        self._propagate()
        self.update.step()

    def _propagate(self) -> None:
        self.batches.gather()
        self.batch.forward(self.batches.x)
        self.batch.backward(self.batches.y, self.scale)

    def gradients(self, settings: Gradients) -> Measure:
        """Return what measures the mean gradient by matrix products."""
        return GradientReader(self, settings)

    def evaluator(self, split: Examples) -> Evaluate:
        """Return what evaluates a split by matrix products."""
        return Evaluator(self, split)

    def batch_gradients(self) -> list[Float[Tensor, "replica _"]] | None:
        """Return the mean dC/db^l of the mini-batch whose update comes next."""
        if not self._batch_waits:
            return None
        return unscaled_means(self.batch.deltas, self.scale, self.sgd.batch_size)
