"""Back-propagation written out, so that every delta is a tensor one can look at.

Measured (bench/): with the update fused in, this is the fastest way found to train many small
networks on a CPU. Autograd is its independent twin in the tests.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from depthgauge.nets.activations import Activation
from depthgauge.nets.buffers import padded
from depthgauge.nets.costs import Cost
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.nets.products import affine


class ForwardPass:
    """One forward pass of R networks over B examples, in buffers of its own.

    `activations[l]` (R, B, n_l) for layers 1..L at index l - 1; overwritten by the next pass.
    """

    def __init__(
        self,
        network: ReplicaNetwork,
        activation: Activation,
        cost: Cost,
        examples: int,
        refresh: Callable[[], None] | None = None,
    ) -> None:
        """Allocate buffers for `examples` examples a replica, on the network's device.

        `refresh` is called before the parameters are read: where another copy of them is trained.
        """
        self.network, self.activation, self.cost = network, activation, cost
        self.refresh = refresh
        # Looked up once: they are updated in place, and a look-up a step is felt with small nets.
        self.weights, self.biases = network.weights, network.biases
        self._allocate(examples)

    def _allocate(self, examples: int) -> None:
        self._flat_activations, self.activations = self._buffers(examples)
        self._flat_slopes: list[Tensor] = []  # a backward pass may want them

    def _buffers(self, examples: int) -> tuple[list[Tensor], list[Tensor]]:
        """Return padded storage for every layer, and its views (replica, example, unit)."""
        like = self.weights[0]
        shapes = [(like.shape[0], examples, width) for width in self.network.widths[1:]]
        buffers = [padded(shape, like) for shape in shapes]
        return [flat for flat, _ in buffers], [view for _, view in buffers]

    def forward(
        self, x: Float[Tensor, "replica example feature"]
    ) -> Float[Tensor, "replica example unit"]:
        """Compute a^l = f(w^l a^{l-1} + b^l); return z^L, the output's pre-activation.

        `activations[-1]` is that same z^L until `outputs` or `backward` turns it into a^L.
        """
        if self.refresh:
            self.refresh()
        h = x
        last, slope = len(self.activations) - 1, self.activation.slope
        parameters = zip(self.weights, self.biases, strict=True)
        for index, (w, b) in enumerate(parameters):
            h = affine(h, w, b, out=self.activations[index])
            if index < last:
                z = self._flat_activations[index]
                if slope is not None and self._flat_slopes:
                    self._flat_slopes[index].copy_(slope(z))
                self.activation.apply_(z)
        return h

    def outputs(self) -> Float[Tensor, "replica example unit"]:
        """Turn z^L into a^L in place and return it. Call once after each `forward`."""
        if self.cost.elementwise:
            self.cost.output_(self._flat_activations[-1])
        else:
            self.cost.output_(self.activations[-1])
        return self.activations[-1]


class Pass(ForwardPass):
    """A forward and a backward pass: `deltas` beside the activations, alike.

    `kept` is that by which the activation knows f'(z^l) of hidden layers.
    """

    def _allocate(self, examples: int) -> None:
        super()._allocate(examples)
        self._flat_deltas, self.deltas = self._buffers(examples)
        self._flat_kept, self.kept = self._flat_activations, self.activations
        if self.activation.slope is not None:
            flat, views = self._buffers(examples)
            self._flat_kept, self.kept = flat[:-1], views[:-1]
            self._flat_slopes = self._flat_kept

    def backward(
        self, y: Float[Tensor, "*replica example unit"], scale: Tensor | float = 1.0
    ) -> None:
        """Fill `deltas` with scale * dC/dz^l of each example (BP1, BP2; equations 30 and 34).

        `scale` (R, 1, 1) may carry each replica's learning rate over the batch size: deltas are
        linear in it, so a rate per replica costs nothing.
        """
        delta = self.cost.delta_(self.outputs(), y, self.deltas[-1])
        delta.mul_(scale)
        for index in range(len(self.weights) - 2, -1, -1):
            torch.bmm(self.deltas[index + 1], self.weights[index + 1], out=self.deltas[index])
            self.chain_(self._flat_deltas[index], index)

    def chain_(self, flat: Tensor, index: int) -> None:
        """Multiply padded storage (replica, padded size) by f'(z) of hidden layer `index` + 1."""
        self.activation.chain_(flat, self._flat_kept[index])
