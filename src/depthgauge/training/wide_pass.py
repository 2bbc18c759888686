"""Forward and backward pass over a few fixed images, read from a WideEngine's own weights."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from depthgauge.kernel import wide
from depthgauge.kernel.vectors import zeros
from depthgauge.training.examples import Examples

if TYPE_CHECKING:
    from depthgauge.training.wide_engine import WideEngine


class WidePass:
    """What GradientReader asks a nets.Pass for, each weight fetched twice and none copied."""

    def __init__(self, engine: "WideEngine", examples: Examples) -> None:
        """Lay out the images (example, feature), which are the same for all replicas."""
        self.engine, count = engine, len(examples.labels)
        self._layout = wide.wide_layout(engine.network.widths)
        size = count * int(self._layout.units[-1])
        rows = (zeros(engine.replicas * size).reshape(-1, size) for _ in range(2))
        self._a, self._delta = rows
        self._labels = examples.labels.numpy().astype(np.int64)
        inputs, *layers = wide.wide_units(self._a, self._layout, count)
        inputs[:] = examples.take(slice(None), engine.network.weights[0])[0].numpy()
        self.activations = [torch.from_numpy(each) for each in layers]
        deltas = wide.wide_units(self._delta, self._layout, count)[1:]
        self.deltas = [torch.from_numpy(each) for each in deltas]

    def forward(self, x: Tensor) -> Tensor:
        """Return z^L (replica, example, unit) of the images."""
        nets, rule = self.engine.nets, self.engine.rule
        wide.wide_forward(self._layout, nets, rule, len(self._labels), self._a)
        return self.activations[-1]

    def backward(self, y: Tensor) -> None:
        """Fill `deltas` with dC/dz^l of each image."""
        nets, rule = self.engine.nets, self.engine.rule
        wide.wide_backward(self._layout, nets, rule, self._labels, self._a, self._delta)
