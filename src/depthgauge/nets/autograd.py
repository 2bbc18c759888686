"""Autograd as the engine, behind the interface of the written-out passes.

So every probe that reads activations and deltas reads these networks, too.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from depthgauge.nets.backpropagation import Pass
from depthgauge.nets.costs import Cost
from depthgauge.nets.remedied import Mode, RemediedNetwork


class AutogradPass(Pass):
    """One forward and backward pass of R networks; BP1 to BP4 by automatic differentiation.

    `activations[l - 1]` is a^l, the input of layer l + 1 (with residual connections their sum), and
    `deltas[l - 1]` is dC/dz^l with z^l = w^l a^{l-1} + b^l, before any normalization: dC/dw^l is
    still delta^l (a^{l-1})^T. In `Mode.learning` `gradients` are those of `network.learned`, mean
    over the examples, too.
    """

    network: RemediedNetwork

    def __init__(
        self, network: RemediedNetwork, cost: Cost, mode: Mode, second_order: bool = False
    ) -> None:
        """Nothing is allocated: autograd does that as it goes.

        `second_order` keeps the graph of the gradients, for `curvatures`.
        """
        self.network, self.cost, self.mode = network, cost, mode
        self._second_order = second_order

    def forward(
        self, x: Float[Tensor, "replica example feature"]
    ) -> Float[Tensor, "replica example unit"]:
        """Compute all layers; return z^L. Only an evaluation keeps no graph."""
        with torch.set_grad_enabled(self.mode is not Mode.evaluating):
            self._leaves = [each.detach().requires_grad_() for each in self.network.learned]
            self._sums, activations = self.network.respond(x, self._leaves, self.mode)
        self.activations = [each.detach() for each in activations]
        return self.activations[-1]

    def outputs(self) -> Float[Tensor, "replica example unit"]:
        """Turn z^L into a^L in place and return it. Call once after each `forward`."""
        return self.cost.output_(self.activations[-1])

    def backward(
        self, y: Float[Tensor, "*replica example unit"], scale: Tensor | float = 1.0
    ) -> None:
        """Fill `deltas` with scale * dC/dz^l of each example."""
        with torch.enable_grad():
            total = self.cost.value(self._sums[-1], y).sum()  # replicas share no number
        learning = self.mode is Mode.learning
        wanted = [*self._sums, *self._leaves] if learning else self._sums
        found = torch.autograd.grad(total, wanted, create_graph=self._second_order)
        layers, self._examples = len(self._sums), y.shape[-2]
        self.deltas = [each.detach() * scale for each in found[:layers]]
        self._slopes = found[layers:]
        self.gradients = [each.detach() / self._examples for each in self._slopes]

    def curvatures(self, signs: Sequence[Tensor]) -> list[Tensor]:
        """Return z * (H z) for z = `signs` (+-1): an estimate of the diagonal of the Hessian H.

        H is that of the mean cost of the examples of the last `backward`, which it uses up. Source:
        Hutchinson, Communications in Statistics 19 (1990); Bekas et al., 2007, for the diagonal.
        """
        with torch.enable_grad():
            products = torch.autograd.grad(self._slopes, self._leaves, list(signs))
        return [z * each / self._examples for z, each in zip(signs, products, strict=True)]
