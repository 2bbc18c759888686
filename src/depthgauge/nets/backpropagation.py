"""Back-propagation written out, so that every delta is a tensor one can look at.

Measured (bench/): with the update fused in, this is the fastest way found to train many small
networks on a CPU. Autograd is its independent twin in the tests.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from depthgauge.nets.activations import Activation
from depthgauge.nets.buffers import padded
from depthgauge.nets.costs import Cost
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.nets.products import affine


class Pass:
    """One forward and backward pass of R networks over B examples, in buffers of its own.

    `activations[l]` (R, B, n_l) for layers 1..L at index l - 1, likewise `deltas`, and `kept`, by
    which the activation knows f'(z^l) of hidden layers; all are overwritten by the next pass.
    """

    def __init__(
        self, network: ReplicaNetwork, activation: Activation, cost: Cost, examples: int
    ) -> None:
        """Allocate buffers for `examples` examples a replica, on the network's device."""
        self.network, self.activation, self.cost = network, activation, cost
        # Looked up once: they are updated in place, and a look-up a step is felt with small nets.
        self.weights, self.biases = network.weights, network.biases
        replicas = network.weights[0].shape[0]
        shapes = [(replicas, examples, width) for width in network.widths[1:]]
        like = network.weights[0]
        buffers = [(*padded(shape, like), *padded(shape, like)) for shape in shapes]
        self._flat_activations = [buffer[0] for buffer in buffers]
        self.activations = [buffer[1] for buffer in buffers]
        self._flat_deltas = [buffer[2] for buffer in buffers]
        self.deltas = [buffer[3] for buffer in buffers]
        self._flat_kept, self.kept = self._flat_activations, self.activations
        if activation.slope is not None:
            slopes = [padded(shape, like) for shape in shapes[:-1]]
            self._flat_kept, self.kept = [each[0] for each in slopes], [each[1] for each in slopes]

    def forward(
        self, x: Float[Tensor, "replica example feature"]
    ) -> Float[Tensor, "replica example unit"]:
        """Compute a^l = f(w^l a^{l-1} + b^l); return z^L, the output's pre-activation.

        `activations[-1]` is that same z^L until `outputs` or `backward` turns it into a^L.
        """
        h = x
        last = len(self.activations) - 1
        parameters = zip(self.weights, self.biases, strict=True)
        for index, (w, b) in enumerate(parameters):
            h = affine(h, w, b, out=self.activations[index])
            if index < last:
                z = self._flat_activations[index]
                if self.activation.slope is not None:
                    self._flat_kept[index].copy_(self.activation.slope(z))
                self.activation.apply_(z)
        return h

    def outputs(self) -> Float[Tensor, "replica example unit"]:
        """Turn z^L into a^L in place and return it. Call once after each `forward`."""
        if self.cost.elementwise:
            self.cost.output_(self._flat_activations[-1])
        else:
            self.cost.output_(self.activations[-1])
        return self.activations[-1]

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
