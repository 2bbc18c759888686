"""How a cost bends along each parameter: a second backward pass, and the spread of gradients.

Source: LeCun, Bottou, Orr and Müller, Efficient BackProp (1998), section 7: the Gauss-Newton
approximation (f'' is dropped) without the terms off each layer's diagonal.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from depthgauge.nets.backpropagation import Pass
from depthgauge.nets.buffers import padded

Rows = Float[Tensor, "replica example _"]


class SecondPass:
    """The second derivatives h^l = d2C/d(z^l)2 of each example, beside a Pass."""

    def __init__(self, first: Pass) -> None:
        """Allocate buffers for the examples of `first`."""
        self.first = first
        buffers = [padded(tuple(each.shape), each) for each in first.deltas]
        self._flat = [flat for flat, _ in buffers]
        self.curvatures = [shaped for _, shaped in buffers]
        self._squares = [padded(tuple(w.shape), w)[1] for w in first.network.weights[1:]]

    def backward(self) -> list[Rows]:
        """Return h of layers 1..L after a forward and backward pass of `first`.

        h^L = a (1 - a), for a cost whose delta^L is a - y; h^l = f'(z^l)^2 (w^{l+1})^2 h^{l+1},
        squares element by element.
        """
        activations, weights = self.first.activations, self.first.network.weights
        h = self.curvatures
        torch.mul(activations[-1], activations[-1], out=h[-1])
        torch.sub(activations[-1], h[-1], out=h[-1])
        for index in range(len(weights) - 2, -1, -1):
            squares = torch.mul(weights[index + 1], weights[index + 1], out=self._squares[index])
            torch.bmm(h[index + 1], squares, out=h[index])
            for _ in range(2):
                self.first.chain_(self._flat[index], index)
        return h


def weight_curvature(h: Rows, a: Rows, out: Tensor) -> Tensor:
    """Write the mean over examples of h_i a_j^2, one a weight, to `out` (replica, n_out, n_in).

    With h = d2C/dz2 it is the curvature along each weight; with h = delta^2 the mean square of the
    gradients of single examples (BP4).
    """
    return torch.bmm(h.mT, a * a, out=out).div_(h.shape[1])


def bias_curvature(h: Rows) -> Float[Tensor, "replica 1 unit"]:
    """Return the same for the biases, whose input is 1."""
    return h.mean(dim=1, keepdim=True)


def typical(curvatures: Sequence[Float[Tensor, "replica _ _"]]) -> Float[Tensor, "replica 1 1"]:
    """Return the mean over all parameters: the scale of a network's own curvature."""
    count = sum(each[0].numel() for each in curvatures)
    # One replica after another: no sum's order depends on how many there are.
    sums = [
        torch.stack([each[r].sum(dtype=torch.double) for each in curvatures]).sum()
        for r in range(len(curvatures[0]))
    ]
    return (torch.stack(sums) / count).to(curvatures[0].dtype).view(-1, 1, 1)
