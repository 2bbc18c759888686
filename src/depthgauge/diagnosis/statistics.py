"""What a look reads off tensors, each as a tensor of its own on the same device: nothing waits.

Sums run in float64: float32 loses the square of what is below 1e-23.
"""

import torch
from torch import Tensor

_ROWS = 16
"""Rows of W that symmetry is read from: all pairs of 4,096 rows would cost as much as a step."""


def wide(z: Tensor) -> torch.dtype:
    """Return float64, or float32 on Apple's GPUs, which have no other."""
    return torch.float32 if z.device.type == "mps" else torch.float64


def square(z: Tensor) -> Tensor:
    """Return |z|^2, a scalar; a sparse tensor's entries are added up first."""
    dense = z.coalesce().values() if z.is_sparse else z
    return torch.linalg.vector_norm(dense, dtype=wide(dense)).square()


def mean_square(z: Tensor) -> Tensor:
    """Return the mean of z^2 over all entries."""
    return square(z) / max(z.numel(), 1)


def sameness(a: Tensor, energy: Tensor | None = None) -> Tensor | None:
    """Return 1 - |mean a|^2 / mean |a|^2 over examples, the leading dimension; needs two.

    Computed as the mean |a - mean a|^2 / mean |a|^2, which has all its digits near 0. `energy` is
    |a|^2 where it is known.
    """
    if a.dim() < 2 or a.shape[0] < 2:
        return None
    return square(a - a.mean(dim=0)) / (square(a) if energy is None else energy)


def symmetry(weight: Tensor) -> Tensor | None:
    """Return the mean |cos| between rows of W: (unit, inputs...); needs two rows, three inputs.

    With one input every |cos| is 1. Of more than 16 rows, the first 16 are read.
    """
    rows = weight.flatten(1)[:_ROWS]
    count, inputs = rows.shape
    if count < 2 or inputs < 3:
        return None
    rows = torch.nn.functional.normalize(rows.to(wide(rows)), dim=1)  # autocast leaves float64
    return ((rows @ rows.mT).abs().sum() - count) / (count * (count - 1))


def share_below(slopes: Tensor, limit: float) -> Tensor:
    """Return the share of entries with |f'| below `limit`."""
    return (slopes.abs() < limit).to(wide(slopes)).mean()


def alive(slopes: Tensor, dim: int) -> Tensor:
    """Return, for each unit along `dim`, 1 where f' is not 0 for some example, else 0."""
    others = [d for d in range(slopes.dim()) if d != dim % slopes.dim()]
    if others and slopes.numel():
        slopes = slopes.abs().amax(dim=others)  # a fiftieth of what `any` takes
    elif others:
        slopes = slopes.sum(dim=others)
    return (slopes != 0).to(wide(slopes))


def squares_over(z: Tensor, dim: int) -> Tensor:
    """Return |z_t|^2 for each index t along `dim`."""
    others = [d for d in range(z.dim()) if d != dim]
    return torch.linalg.vector_norm(z, dim=others, dtype=wide(z)).square()


def squares_over_packed(z: Tensor, batch_sizes: Tensor) -> Tensor:
    """Return |z_t|^2 for each time step t of a packed sequence's data: (entry, unit)."""
    return torch.stack([square(each) for each in z.split(batch_sizes.tolist())])
