"""Forward and backward pass over a few fixed images, read from a WideModule's own weights."""

import numpy as np
import torch
from torch import Tensor

from depthgauge.kernel import wide
from depthgauge.kernel.memory import zeros
from depthgauge.training.module import Examples
from depthgauge.training.wide_module import WideModule

FEW = 32
"""Images up to which a look waits for its weights; with more, matrix products are quicker."""


class WidePass:
    """What GradientReader asks a nets.Pass for, each weight fetched twice and none copied."""

    def __init__(self, module: WideModule, examples: Examples) -> None:
        """Lay out the images (example, feature), which are the same for all replicas."""
        self.module, count = module, len(examples.labels)
        self._layout = wide.wide_layout(module.network.widths)
        size = count * int(self._layout.units[-1])
        rows = (zeros(module.replicas * size).reshape(-1, size) for _ in range(2))
        self._a, self._delta = rows
        self._labels = examples.labels.numpy().astype(np.int64)
        inputs, *layers = wide.wide_units(self._a, self._layout, count)
        inputs[:] = examples.take(slice(None), module.network.weights[0])[0].numpy()
        self.activations = [torch.from_numpy(each) for each in layers]
        deltas = wide.wide_units(self._delta, self._layout, count)[1:]
        self.deltas = [torch.from_numpy(each) for each in deltas]

    def forward(self, x: Tensor) -> Tensor:
        """Return z^L (replica, example, unit) of the images."""
        nets, rule = self.module.nets, self.module.rule
        wide.wide_forward(self._layout, nets, rule, len(self._labels), self._a)
        return self.activations[-1]

    def backward(self, y: Tensor) -> None:
        """Fill `deltas` with dC/dz^l of each image."""
        nets, rule = self.module.nets, self.module.rule
        wide.wide_backward(self._layout, nets, rule, self._labels, self._a, self._delta)
