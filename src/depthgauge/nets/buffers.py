"""Memory laid out so that a replica's numbers do not depend on its companions."""

import math

from torch import Tensor

LANES = 64
"""Every replica's matrix starts at a multiple of so many floats. Two things follow, on one thread:
matrix products, whose rounding may depend on how memory is aligned, see the same alignment at every
place in a block; and vectorised loops treat each replica alike, where the scalar tail of one long
loop would give some replica a sigmoid that differs by one unit in the last place. (MKL's and
PyTorch's widest loops take 32 floats at once.)"""


LINE = 16
"""Floats of a cache line: alignment enough for what is only multiplied."""


def padded(shape: tuple[int, ...], like: Tensor, multiple: int = LANES) -> tuple[Tensor, Tensor]:
    """Return zeroed storage (replica, padded size) and the view of it in `shape` (replica, ...).

    Element-wise functions may run over the whole storage, padding and all, without a tail.
    """
    size = math.prod(shape[1:])
    storage = like.new_zeros(shape[0], math.ceil(size / multiple) * multiple)
    return storage, storage[:, :size].view(shape)
