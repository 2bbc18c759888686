"""Costs, each with the output activation it belongs to and its output delta."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from depthgauge.errors import ConfigError
from depthgauge.user_code.cost import derivative, user_cost
from depthgauge.user_code.lookup import is_path


@dataclass(frozen=True)
class Cost:
    """A cost C(z, y) of one example; z is the output layer's pre-activation, y one-hot."""

    output_: Callable[[Tensor], Tensor]
    """z (..., classes) -> output activation a, in place."""
    delta_: Callable[[Tensor, Tensor, Tensor], Tensor]
    """(a, y, out) -> dC/dz of each example, written to `out`."""
    value: Callable[[Tensor, Tensor], Tensor]
    """(z, y) -> cost of each example (...,), computed from z so that it never overflows."""
    elementwise: bool = True
    """Whether `output_` treats each entry by itself; a softmax does not."""


def _softmax_(z: Tensor) -> Tensor:
    return torch.softmax(z, -1, out=z)


def _difference_(a: Tensor, y: Tensor, out: Tensor) -> Tensor:
    return torch.sub(a, y, out=out)


def _quadratic_delta_(a: Tensor, y: Tensor, out: Tensor) -> Tensor:
    torch.sub(a, y, out=out)
    return torch.ops.aten.sigmoid_backward.grad_input(out, a, grad_input=out)


def _softmax_quadratic_delta_(a: Tensor, y: Tensor, out: Tensor) -> Tensor:
    torch.sub(a, y, out=out)
    out.sub_((a * out).sum(-1, keepdim=True))
    return out.mul_(a).mul_(2)


def _cross_entropy(z: Tensor, y: Tensor) -> Tensor:
    return (functional.softplus(z) - y * z).sum(-1)


def _negative_log_likelihood(z: Tensor, y: Tensor) -> Tensor:
    return torch.logsumexp(z, -1) - (y * z).sum(-1)


def _quadratic(z: Tensor, y: Tensor) -> Tensor:
    return (z.sigmoid() - y).square().sum(-1) / 2


def _softmax_quadratic(z: Tensor, y: Tensor) -> Tensor:
    return (z.softmax(-1) - y).square().sum(-1)


COSTS = {
    # binary cross-entropy summed over sigmoid outputs: delta^L = a - y (Nielsen, ch. 3)
    "cross_entropy": Cost(torch.sigmoid_, _difference_, _cross_entropy),
    # -log P(y|x) of a softmax: delta^L = a - y (Glorot & Bengio, section 2.3)
    "nll": Cost(_softmax_, _difference_, _negative_log_likelihood, elementwise=False),
    # |y - a|^2 / 2 of sigmoid outputs: delta^L = f'(z) (a - y) (equation 30)
    "quadratic": Cost(torch.sigmoid_, _quadratic_delta_, _quadratic),
    # |a - y|^2 of softmax outputs: delta^L = 2 a (e - a.e), e = a - y (Glorot & Bengio, 4.1)
    "softmax_quadratic": Cost(
        _softmax_, _softmax_quadratic_delta_, _softmax_quadratic, elementwise=False
    ),
}


def cost(name: str) -> Cost:
    """Look a cost up by name or import path; ConfigError for one that is not there."""
    if is_path(name):
        return _users_own(user_cost(name))
    if name not in COSTS:
        raise ConfigError(f"cost={name} is unknown; choose one of {', '.join(COSTS)}")
    return COSTS[name]


def _users_own(value: Callable[[Tensor, Tensor], Tensor]) -> Cost:
    """The net's outputs are its pre-activations themselves: a^L = z^L."""
    return Cost(lambda z: z, partial(derivative, value), value)
