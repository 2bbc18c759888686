"""What the engines do with an activation of theory/activations.py, or of a user's own.

Four have a derivative that is a function of their own output a: they work in place, so that the
engine allocates nothing inside its loop and keeps no z. Of any other, f'(z) is kept beside a.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name

import torch
from torch import Tensor

from depthgauge.theory.activations import find_activation
from depthgauge.user_code.activation import slope_of, user_activation
from depthgauge.user_code.lookup import is_path


@dataclass(frozen=True)
class Activation:
    """f and f' for tensors of any shape, element by element."""

    function: Callable[[Tensor], Tensor]
    """z -> f(z), a new tensor, which autograd can differentiate."""
    apply_: Callable[[Tensor], Tensor]
    """z -> f(z), in place."""
    chain_: Callable[[Tensor, Tensor], Tensor]
    """(delta, kept) -> delta * f'(z), in place on delta: the f' of equations 30 and 34.

    `kept` is a = f(z), or f'(z) itself where there is a `slope`."""
    slope: Callable[[Tensor], Tensor] | None = None
    """z -> f'(z), a new tensor; None where a is enough to know it."""


def _sigmoid_chain_(delta: Tensor, a: Tensor) -> Tensor:
    return torch.ops.aten.sigmoid_backward.grad_input(delta, a, grad_input=delta)


def _tanh_chain_(delta: Tensor, a: Tensor) -> Tensor:
    return torch.ops.aten.tanh_backward.grad_input(delta, a, grad_input=delta)


def _softsign_(z: Tensor) -> Tensor:
    return z.div_(z.abs().add_(1))


def _softsign_chain_(delta: Tensor, a: Tensor) -> Tensor:
    return delta.mul_(a.abs().neg_().add_(1).square_())


def _relu_chain_(delta: Tensor, a: Tensor) -> Tensor:
    return torch.ops.aten.threshold_backward.grad_input(delta, a, 0, grad_input=delta)


IN_PLACE = {
    "sigmoid": (torch.sigmoid_, _sigmoid_chain_),  # f' = a (1 - a), at most 1/4
    "tanh": (torch.tanh_, _tanh_chain_),  # f' = 1 - a^2, at most 1
    "softsign": (_softsign_, _softsign_chain_),  # f' = (1 - |a|)^2, at most 1
    "relu": (torch.relu_, _relu_chain_),  # f' = 1 where a > 0, else 0, also at the kink
}
"""Name -> `apply_`, `chain_` by a."""


def activation(name: str) -> Activation:
    """Look an activation up by name or import path; ConfigError for one that is not there."""
    if is_path(name):
        own = user_activation(name)
        return _by_slope(own.function, own.slope)
    function = resolve_name(find_activation(name).torch)
    if name in IN_PLACE:
        return Activation(function, *IN_PLACE[name])
    return _by_slope(function, slope_of(function))


def _by_slope(
    function: Callable[[Tensor], Tensor], slope: Callable[[Tensor], Tensor]
) -> Activation:
    def apply_(z: Tensor) -> Tensor:
        with torch.no_grad():
            return z.copy_(function(z))

    return Activation(function, apply_, torch.Tensor.mul_, slope)
