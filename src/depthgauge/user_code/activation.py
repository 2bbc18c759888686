"""An activation known by its function alone: tried on numbers first, differentiated by autograd.

The function takes a tensor of any shape and returns f of each entry, of the same shape and type. It
may have an attribute `derivative`, a function of z, in place of autograd.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from depthgauge.user_code.lookup import UserFunction, find

Function = Callable[[Tensor], Tensor]

REACH = 20.0
"""It is tried from -REACH to REACH."""
WIDEST = 60.0
"""Where the steepest slope is looked for."""


@dataclass(frozen=True)
class UserActivation:
    """f and f', both of z, as new tensors."""

    function: Function
    slope: Function

    def value_of(self, z: np.ndarray) -> np.ndarray:
        """Return f(z) of an array, in float64."""
        return self.function(_tensor(z)).detach().numpy()

    def slope_of(self, z: np.ndarray) -> np.ndarray:
        """Return f'(z) of an array, in float64."""
        return self.slope(_tensor(z)).numpy()

    def steepest(self) -> float:
        """Return sup |f'|, as found on a grid that is refined about its largest value."""
        z, steepest = np.linspace(-WIDEST, WIDEST, 120_001), 0.0
        for _ in range(4):
            slopes = np.abs(self.slope_of(z))
            best = int(slopes.argmax())
            steepest = max(steepest, float(slopes[best]))
            z = np.linspace(z[max(best - 1, 0)], z[min(best + 1, z.size - 1)], 2001)
        return steepest


@cache
def user_activation(path: str) -> UserActivation:
    """Import the activation at `path` and try it.

    Raises ConfigError, with file and line, for one that is not found, raises, returns another
    shape, type or value than one number for each number, or has no finite derivative.
    """
    found = find("activation", path)

    def function(z: Tensor) -> Tensor:
        with found.reported(f"for z of shape {tuple(z.shape)}", torch.OutOfMemoryError):
            return found.value(z)

    given = getattr(found.value, "derivative", None)
    activation = UserActivation(function, _given(found, given) if given else slope_of(function))
    for dtype in (torch.float32, torch.float64):
        _try(found, activation, dtype)
    if given:
        _require_the_derivative(found, activation)
    return activation


def slope_of(function: Function) -> Function:
    """Return z -> f'(z) by automatic differentiation of an elementwise `function`."""

    def slope(z: Tensor) -> Tensor:
        with torch.enable_grad():
            leaf = z.detach().requires_grad_()
            (found,) = torch.autograd.grad(function(leaf).sum(), leaf)
        return found

    return slope


def _given(found: UserFunction, derivative: Function) -> Function:
    def slope(z: Tensor) -> Tensor:
        with (
            found.reported(f"in its derivative, for z of shape {tuple(z.shape)}"),
            torch.no_grad(),
        ):
            return derivative(z)

    return slope


def _try(found: UserFunction, activation: UserActivation, dtype: torch.dtype) -> None:
    z = _trial().to(dtype)
    before = z.clone()
    a = _checked(found, activation.function(z), z, "returns")
    if not torch.equal(z, before):
        raise found.wrong("changes the tensor that it is given; return a new one")
    turned = activation.function(z.flatten().flip(0))
    if not torch.allclose(turned.flip(0).view_as(a), a, rtol=1e-5, atol=1e-6):
        raise found.wrong(
            "does not treat each number by itself, or not alike each time; an activation is a"
            " function of one number"
        )
    if not hasattr(found.value, "derivative") and not _differentiable(activation.function, z):
        raise found.wrong(
            "cannot be differentiated by autograd; use torch's functions, or give it an attribute"
            " `derivative`, a function of z"
        )
    _checked(found, activation.slope(z), z, "has a derivative that returns")


def _differentiable(function: Function, z: Tensor) -> bool:
    return function(z.clone().requires_grad_()).requires_grad


def _checked(found: UserFunction, result: Any, z: Tensor, does: str) -> Tensor:
    if not isinstance(result, Tensor):
        raise found.wrong(f"{does} a {type(result).__name__}, and a tensor is needed")
    if result.shape != z.shape or result.dtype != z.dtype:
        raise found.wrong(
            f"{does} {_kind(result)} for {_kind(z)}; return a tensor of the same shape and type"
        )
    finite = result.isfinite()
    if not finite.all():
        at = z[~finite].flatten()[0].item()
        value = result[~finite].flatten()[0].item()
        raise found.wrong(f"{does} {value} at z={at:g}; it must be finite from -20 to 20")
    return result.detach()


def _require_the_derivative(found: UserFunction, activation: UserActivation) -> None:
    z, step = _trial(), 1e-6
    ahead, behind = (activation.function(z + sign * step).detach() for sign in (1, -1))
    differences = (ahead - behind) / (2 * step)
    given = activation.slope(z)
    apart = ~torch.isclose(given, differences, rtol=1e-4, atol=1e-5)
    if apart.any():
        at, one, other = (each[apart][0].item() for each in (z, given, differences))
        raise found.wrong(
            f"has a derivative of {one:g} at z={at:g}, where differences of the function give"
            f" {other:g}; correct it, or leave it to autograd"
        )


def _trial() -> Tensor:
    """Numbers of both signs in float64, (3, 27): 0 is one of them, kinks hardly are."""
    return torch.cat([torch.zeros(1), torch.linspace(-REACH, REACH, 80)]).double().view(3, 27)


def _tensor(z: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(z, np.float64))


def _kind(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} of shape {tuple(tensor.shape)}"
