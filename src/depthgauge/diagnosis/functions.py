"""Derivatives of the element-wise activations that torch offers, by the names of its functions."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Function:
    """An activation's derivative f'(z), and sup |f'| where both its ends are flat."""

    slope: Callable[..., Tensor]
    """Takes z and the arguments that the activation itself was called with."""
    steepest: float | None = None
    """None where f does not saturate at both ends: then a small f' is no sign of saturation."""


def _sigmoid(z: Tensor) -> Tensor:
    return torch.sigmoid(z) * torch.sigmoid(-z)


def _tanh(z: Tensor) -> Tensor:
    return 4 * _sigmoid(2 * z)  # 1 / cosh^2, which would overflow


def _softsign(z: Tensor) -> Tensor:
    return (1 + z.abs()) ** -2


def _relu(z: Tensor, inplace: bool = False) -> Tensor:
    return (z > 0).to(z.dtype)


def _leaky(z: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    return (z > 0).to(z.dtype) * (1 - negative_slope) + negative_slope


def _prelu(z: Tensor, weight: Tensor) -> Tensor:
    shape = [-1] + [1] * (z.dim() - 2) if weight.numel() > 1 and z.dim() > 1 else [-1]
    return torch.where(z > 0, torch.ones_like(z), weight.detach().view(shape).expand_as(z))


def _elu(
    z: Tensor,
    alpha: float = 1.0,
    scale: float = 1.0,
    input_scale: float = 1.0,
    inplace: bool = False,
) -> Tensor:
    below = alpha * input_scale * torch.exp((z * input_scale).clamp(max=0))
    return scale * torch.where(z > 0, torch.ones_like(z), below)


def _celu(z: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    return _elu(z, alpha, 1.0, 1 / alpha)


def _selu(z: Tensor, inplace: bool = False) -> Tensor:
    return _elu(z, 1.6732632423543772, 1.0507009873554805)  # Klambauer et al. 2017, eq. 2


def _gelu(z: Tensor, *, approximate: str = "none") -> Tensor:
    density = torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return torch.special.ndtr(z) + z * density  # exact; the tanh form differs by less than 1e-3


def _silu(z: Tensor, inplace: bool = False) -> Tensor:
    s = torch.sigmoid(z)
    return s * (1 + z * torch.sigmoid(-z))


def _mish(z: Tensor, inplace: bool = False) -> Tensor:
    t = torch.tanh(torch.nn.functional.softplus(z))
    return t + z * (1 - t * t) * torch.sigmoid(z)


def _softplus(z: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    return torch.sigmoid(beta * z)


def _logsigmoid(z: Tensor) -> Tensor:
    return torch.sigmoid(-z)


def _hardtanh(
    z: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    return ((z > min_val) & (z < max_val)).to(z.dtype)


def _relu6(z: Tensor, inplace: bool = False) -> Tensor:
    return _hardtanh(z, 0.0, 6.0)


def _hardsigmoid(z: Tensor, inplace: bool = False) -> Tensor:
    return _hardtanh(z, -3.0, 3.0) / 6


def _hardswish(z: Tensor, inplace: bool = False) -> Tensor:
    return torch.where(z >= 3, 1.0, torch.where(z <= -3, 0.0, z / 3 + 0.5))


FUNCTIONS: dict[str, Function] = {
    "sigmoid": Function(_sigmoid, 0.25),
    "tanh": Function(_tanh, 1.0),
    "softsign": Function(_softsign, 1.0),
    "hardtanh": Function(_hardtanh, 1.0),
    "hardsigmoid": Function(_hardsigmoid, 1 / 6),
    "relu": Function(_relu),
    "relu6": Function(_relu6),
    "leaky_relu": Function(_leaky),
    "prelu": Function(_prelu),
    "elu": Function(_elu),
    "celu": Function(_celu),
    "selu": Function(_selu),
    "gelu": Function(_gelu),
    "silu": Function(_silu),
    "mish": Function(_mish),
    "softplus": Function(_softplus),
    "log_sigmoid": Function(_logsigmoid),
    "hardswish": Function(_hardswish),
}
"""By the name of the function that torch calls; in-place ones end with "_" there."""
