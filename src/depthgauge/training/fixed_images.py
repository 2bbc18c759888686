"""A pass over the same images each time, for measurements."""

import torch
from torch import Tensor

from depthgauge.nets.buffers import LINE, padded
from depthgauge.training.engine import Engine
from depthgauge.training.examples import Examples


class FixedImages:
    """Images `x` (replica, image, feature) with targets `y`, and a pass over them.

    `activations`, `deltas` and `inputs` (a^{l-1}) are those of the last pass.
    """

    def __init__(self, engine: Engine, x: Tensor, y: Tensor) -> None:
        """Take scaled inputs and one-hot targets (image, class)."""
        self.x, self.y, self.over = x, y, engine.passes.probing(x.shape[1])

    @classmethod
    def shared(cls, engine: Engine, examples: Examples) -> "FixedImages":
        """Return a pass of all replicas over the same examples."""
        x, y = examples.take(slice(None), engine.network.weights[0])
        return cls(engine, x.expand(engine.replicas, -1, -1), y)

    @classmethod
    def own(cls, engine: Engine, examples: Examples, count: int) -> "FixedImages":
        """Return a pass over `count` images of each seed's own, from seed * count on, cyclic."""
        seeds = torch.tensor(engine.sgd.seeds)
        rows = (seeds[:, None] * count + torch.arange(count)).flatten() % len(examples.labels)
        like = engine.network.weights[0]
        scaled, y = examples.at(rows).take(slice(None), like)
        _, x = padded((len(seeds), count, scaled.shape[1]), like, LINE)
        return cls(engine, x.copy_(scaled.view(x.shape)), y.view(len(seeds), count, -1))

    def forward(self) -> list[Tensor]:
        """Do the forward pass; return a^l of layers 1..L, the last one z^L."""
        self.over.forward(self.x)
        return self.activations

    def backward(self) -> list[Tensor]:
        """Do both passes; return delta^l of each image, layers 1..L."""
        self.over.forward(self.x)
        self.over.backward(self.y)
        return self.over.deltas

    def outputs(self) -> list[Tensor]:
        """Do the forward pass; return a^l of layers 1..L, the output's activation applied."""
        self.over.forward(self.x)
        self.over.outputs()
        return self.activations

    @property
    def activations(self) -> list[Tensor]:
        """a^l of layers 1..L."""
        return self.over.activations

    @property
    def kept(self) -> list[Tensor]:
        """By which the activation knows f'(z^l) of hidden layers (nets.Pass)."""
        return self.over.kept

    @property
    def inputs(self) -> list[Tensor]:
        """a^{l-1}: what layers 1..L were fed."""
        return [self.x, *self.over.activations[:-1]]
