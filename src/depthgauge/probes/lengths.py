"""How large the signals are that each layer is fed: what mean field predicts the gradients from."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def input_squares(
    inputs: Sequence[Float[Tensor, "replica example _"]],
) -> Float[Tensor, "replica layer"]:
    """Return the mean of (a^{l-1})^2 over examples and units, layers 1..L, in float64.

    Layer l's pre-activations then have variance q^l = n_{l-1} Var w^l times this, plus Var b.
    Source: Poole et al., NeurIPS 2016.
    """
    lengths = (torch.linalg.vector_norm(a, dim=2, dtype=torch.double) for a in inputs)
    squares = [
        each.square().mean(dim=1) / a.shape[2] for each, a in zip(lengths, inputs, strict=True)
    ]
    return torch.stack(squares, dim=1)
