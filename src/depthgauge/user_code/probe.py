"""A measurement of a user's own: `Layers` -> a number for each network, or for each of its layers.

It may read anything of the networks and change nothing.
"""

import itertools
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from depthgauge.user_code.lookup import find


class Layers(NamedTuple):
    """R networks and a pass of N images through them, a tensor for each of the layers 1..L."""

    inputs: list[Tensor]
    """a^{l-1}, (R, N, n_in)."""
    activations: list[Tensor]
    """a^l, (R, N, n_out); of the output layer the sigmoid or softmax of its cost."""
    deltas: list[Tensor]
    """delta^l = dC/dz^l of each image, (R, N, n_out)."""
    weights: list[Tensor]
    """w^l, (R, n_out, n_in)."""
    biases: list[Tensor]
    """b^l, (R, n_out)."""


WIDTHS = [5, 4, 3, 2]
"""Of the networks that a function is tried on."""


@cache
def user_probe(path: str) -> Callable[[Layers], Tensor]:
    """Import the function at `path` and try it on two networks of three layers and six images.

    Raises ConfigError, with file and line, for one that is not found, raises, returns another
    shape or type, changes what it is given, or lets networks share numbers.
    """
    found = find("probe.function", path)

    @torch.no_grad()
    def measure(layers: Layers) -> Tensor:
        with found.reported("on the networks", torch.OutOfMemoryError):
            return found.value(layers)

    layers = _random_layers()
    result = measure(layers)
    shape = tuple(result.shape) if isinstance(result, Tensor) else type(result).__name__
    count = len(WIDTHS) - 1
    if shape not in ((2,), (2, count)) or not result.is_floating_point():
        raise found.wrong(
            f"returns {shape} for 2 networks of {count} layers; return a tensor of floating-point"
            f" numbers of shape (2,), or (2, {count}) with a number for each layer"
        )
    if not all(
        torch.equal(*pair) for pair in zip(_flat(layers), _flat(_random_layers()), strict=True)
    ):
        raise found.wrong("changes what it is given; a measurement must only read")
    alone = measure(Layers(*([each[1:] for each in part] for part in layers)))
    if not torch.allclose(alone, result[1:], rtol=1e-4, atol=1e-6, equal_nan=True):
        raise found.wrong("lets networks share numbers: the first axis is that of networks")
    return measure


def _random_layers() -> Layers:
    """Return the same numbers each time."""
    random = torch.Generator().manual_seed(0)
    pairs = list(itertools.pairwise(WIDTHS))

    def drawn(*shape: int) -> Tensor:
        return torch.randn(2, *shape, generator=random)

    return Layers(
        [drawn(6, n_in) for n_in, _ in pairs],
        [drawn(6, n_out) for _, n_out in pairs],
        [drawn(6, n_out) for _, n_out in pairs],
        [drawn(n_out, n_in) for n_in, n_out in pairs],
        [drawn(n_out) for _, n_out in pairs],
    )


def _flat(layers: Layers) -> list[Tensor]:
    return [each for part in layers for each in part]
