"""Changing a network's modules in place: replace activations, insert layers, wrap layers."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.utils import parametrize

ACTIVATIONS = (
    *(nn.Sigmoid, nn.Tanh, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Softsign),
    *(nn.Softplus, nn.Hardtanh, nn.ReLU6, nn.SELU, nn.Mish, nn.Hardsigmoid),
)

Layer = nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d


class Residual(nn.Module):
    """x + body(x)."""

    def __init__(self, body: nn.Module) -> None:
        """Wrap a module whose output has the shape of its input."""
        super().__init__()
        self.body = body

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x + body(x)."""
        return x + self.body(x)


class DenseBatchNorm(nn.BatchNorm1d):
    """Batch normalization of (..., unit) over all but the last dimension."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Normalize sequences (example, step, unit) too, unlike the base class."""
        return super().forward(input.flatten(0, -2)).view(input.shape)


def hidden_layers(net: nn.Module) -> list[Layer]:
    """Return dense and convolutional layers, but the last one that is registered: the output.

    Layers inside attention modules and those with shared weights are left alone.
    """
    inside = {
        id(layer)
        for each in net.modules()
        if isinstance(each, nn.MultiheadAttention)
        for layer in each.modules()
    }
    found = [m for m in net.modules() if isinstance(m, Layer) and id(m) not in inside]
    return found[:-1]


def replace(net: nn.Module, old: nn.Module, new: nn.Module) -> None:
    """Put `new` wherever `old` is registered."""
    for parent in list(net.modules()):
        for name, child in list(parent.named_children()):
            if child is old:
                setattr(parent, name, new)


def replace_activations(net: nn.Module, make: Callable[[], nn.Module]) -> int:
    """Replace every activation module; return how many there were."""
    found = [each for each in net.modules() if isinstance(each, ACTIVATIONS)]
    for each in found:
        replace(net, each, make())
    return len(found)


def set_weight(layer: Layer, weight: torch.Tensor) -> None:
    """Give a layer its weight; through its parametrization, such as weight norm, if it has one."""
    if parametrize.is_parametrized(layer, "weight"):
        layer.weight = weight  # type: ignore[assignment]
    else:
        layer.weight.copy_(weight)


def runs_of_equal_width(net: nn.Module) -> list[tuple[nn.Sequential, int, int]]:
    """Return (parent, start, stop) of each [layer, activation] whose widths agree, last one first.

    Found in `nn.Sequential` alone: elsewhere the order of calls is not known beforehand.
    """
    runs = []
    for parent in net.modules():
        if isinstance(parent, nn.Sequential):
            children = list(parent)
            for place in range(len(children) - 1, -1, -1):
                pair = children[place : place + 2]
                if _keeps_shape(pair[0]) and isinstance(pair[-1], ACTIVATIONS):
                    runs.append((parent, place, place + 2))
    return runs


def _keeps_shape(layer: nn.Module) -> bool:
    """Whether the output has the input's shape."""
    if isinstance(layer, nn.Linear):
        return layer.in_features == layer.out_features
    if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        sides = zip(layer.kernel_size, layer.dilation, strict=True)
        kept = tuple(dilation * (size - 1) // 2 for size, dilation in sides)
        padded = layer.padding == "same" or tuple(layer.padding) == kept
        same = layer.in_channels == layer.out_channels
        odd = all(size % 2 for size in layer.kernel_size)
        return padded and odd and set(layer.stride) == {1} and same
    return False
