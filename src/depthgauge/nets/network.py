"""R independent networks of one shape, held and computed as one."""

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from depthgauge.nets.buffers import padded
from depthgauge.nets.initializers import initial_layer, of_layer


class ReplicaNetwork(nn.Module):
    """The weights and biases of R fully connected networks [n_0, ..., n_L].

    Layer l = 1..L has `weights[l-1]` (R, n_l, n_{l-1}) and `biases[l-1]` (R, 1, n_l). They are
    buffers: back-propagation is written out, so nothing here is for autograd.
    """

    def __init__(
        self, widths: Sequence[int], seeds: Sequence[int], init: str, dtype: torch.dtype
    ) -> None:
        """Draw the initial networks of `seeds`; ConfigError when `init` is unknown."""
        super().__init__()
        self.widths = tuple(widths)
        for layer, (n_in, n_out) in enumerate(itertools.pairwise(widths), start=1):
            own = of_layer(init, layer, len(widths) - 1)
            drawn = [initial_layer(own, seed, layer, n_in, n_out) for seed in seeds]
            for name, arrays in zip(("weight", "bias"), zip(*drawn, strict=True), strict=True):
                stacked = torch.from_numpy(np.stack([np.atleast_2d(each) for each in arrays]))
                _, values = padded(tuple(stacked.shape), torch.empty(0, dtype=dtype))
                parameter = nn.Parameter(values.copy_(stacked), requires_grad=False)
                self.register_parameter(f"{name}_{layer}", parameter)

    @property
    def layers(self) -> range:
        """1..L, input side first."""
        return range(1, len(self.widths))

    @property
    def weights(self) -> list[Float[Tensor, "replica n_out n_in"]]:
        """W of every layer, input side first; they share the parameters' memory."""
        return [self.get_parameter(f"weight_{layer}").detach() for layer in self.layers]

    @property
    def biases(self) -> list[Float[Tensor, "replica 1 n_out"]]:
        """B of every layer, input side first; they share the parameters' memory."""
        return [self.get_parameter(f"bias_{layer}").detach() for layer in self.layers]

    def finite(self) -> Tensor:
        """Return for each replica (R,) whether all its weights and biases are finite numbers."""
        finite = [each.isfinite().flatten(1).all(dim=1) for each in (*self.weights, *self.biases)]
        return torch.stack(finite).all(dim=0)
