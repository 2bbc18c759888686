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

    Autograd finds the deltas; the weights' gradients are products with them (BP4), as it would
    make them, but written where they are wanted. Only second order leaves them to autograd.
    """

    network: RemediedNetwork

    def __init__(
        self,
        network: RemediedNetwork,
        cost: Cost,
        mode: Mode,
        second_order: bool = False,
        into: Sequence[Tensor] = (),
    ) -> None:
        """Autograd allocates as it goes; gradients are written `into` tensors like those learned.

        `second_order` keeps the graph of the gradients, for `curvatures`.
        """
        self.network, self.cost, self.mode = network, cost, mode
        self._second_order = second_order
        self.gradients = list(into)

    def forward(
        self, x: Float[Tensor, "replica example feature"]
    ) -> Float[Tensor, "replica example unit"]:
        """Compute all layers; return z^L. Only an evaluation keeps no graph."""
        with torch.set_grad_enabled(self.mode is not Mode.evaluating):
            self._leaves = [each.detach().requires_grad_() for each in self.network.learned]
            self._sums, activations = self.network.respond(x, self._leaves, self.mode)
        self._x, self.activations = x, [each.detach() for each in activations]
        return self.activations[-1]

    @property
    def kept(self) -> list[Tensor]:
        """By which the activation knows f'(z^l), as in Pass: for layers that are not normalized."""
        slope = self.network.activation.slope
        if slope is None:
            return self.activations
        return [slope(z.detach()) for z in self._sums[:-1]]

    def outputs(self) -> Float[Tensor, "replica example unit"]:
        """Turn z^L into a^L in place and return it. Call once after each `forward`."""
        return self.cost.output_(self.activations[-1])

    def backward(
        self, y: Float[Tensor, "*replica example unit"], scale: Tensor | float = 1.0
    ) -> None:
        """Fill `deltas` with scale * dC/dz^l of each example."""
        with torch.enable_grad():
            total = self.cost.value(self._sums[-1], y).sum()  # replicas share no number
        layers, self._examples = len(self._sums), y.shape[-2]
        asked = self._leaves if self._second_order else self._leaves[2 * layers :]
        learning = self.mode is Mode.learning
        wanted = [*self._sums, *asked] if learning else self._sums
        found = torch.autograd.grad(total, wanted, create_graph=self._second_order)
        self.deltas = [each.detach() * scale for each in found[:layers]]
        self._slopes = found[layers:]
        if learning:
            self._fill(found[:layers])

    def _fill(self, deltas: Sequence[Tensor]) -> None:
        """Write the gradients of all that is learned: what autograd found, and products."""
        self.gradients = self.gradients or [torch.empty_like(each) for each in self._leaves]
        products = len(self._leaves) - len(self._slopes)
        for gradient, slope in zip(self.gradients[products:], self._slopes, strict=True):
            torch.div(slope.detach(), self._examples, out=gradient)
        if products:
            depth, inputs = len(deltas), [self._x, *self.activations]
            weights, biases = self.gradients[:depth], self.gradients[depth:products]
            for w, b, delta, a in zip(weights, biases, deltas, inputs, strict=False):
                share = 1 / self._examples
                torch.baddbmm(w, delta.mT, a, beta=0, alpha=share, out=w)
                torch.sum(delta, dim=1, keepdim=True, out=b).mul_(share)

    def curvatures(self, signs: Sequence[Tensor]) -> list[Tensor]:
        """Return z * (H z) for z = `signs` (+-1): an estimate of the diagonal of the Hessian H.

        H is that of the mean cost of the examples of the last `backward`, which it uses up. Source:
        Hutchinson, Communications in Statistics 19 (1990); Bekas et al., 2007, for the diagonal.
        """
        with torch.enable_grad():
            products = torch.autograd.grad(self._slopes, self._leaves, list(signs))
        return [z * each / self._examples for z, each in zip(signs, products, strict=True)]
