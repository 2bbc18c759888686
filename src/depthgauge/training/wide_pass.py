"""Forward and backward pass over a few fixed images, by a WideEngine's own loops."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from depthgauge.kernel import wide
from depthgauge.training.examples import Examples

if TYPE_CHECKING:
    from depthgauge.training.wide_engine import WideEngine


class WidePass:
    """What GradientReader asks a nets.Pass for; a step may take it along, at little cost."""

    taken = False
    """Whether a step has taken this pass along, and `forward` not yet returned it."""

    def __init__(self, engine: "WideEngine", examples: Examples) -> None:
        """Lay out the images (example, feature) behind a mini-batch, the same for all replicas."""
        self.engine, batch = engine, engine.sgd.batch_size
        count, layout = batch + len(examples.labels), wide.wide_layout(engine.network.widths)
        self.labels = examples.labels.numpy().astype(np.int64)
        self.work = wide.wide_work(engine.replicas, count, layout)
        activations = wide.wide_units(self.work.a, layout, count)
        inputs = examples.take(slice(None), engine.network.weights[0])[0]
        activations[0][:, batch:] = inputs.numpy()
        deltas = wide.wide_units(self.work.delta, layout, count)
        self.activations = [torch.from_numpy(each[:, batch:]) for each in activations[1:]]
        self.deltas = [torch.from_numpy(each[:, batch:]) for each in deltas[1:]]
        z = self.work.z.reshape(engine.replicas, count, -1)
        self.z = torch.from_numpy(z[:, batch:, : layout.widths[-1]])

    def forward(self, x: Tensor) -> Tensor:
        """Return z^L (replica, example, unit) of the images; `deltas` are filled as well."""
        if not self.taken:
            self.engine.look(self)
        self.taken = False
        return self.z

    def backward(self, y: Tensor) -> None:
        """Nothing: the loops go forward and back at once."""
