"""Activation functions, each with its derivative written in terms of its own output.

To bring your own: add an entry to ACTIVATIONS. Both functions work in place, element by element,
on tensors of any shape, so that the engine allocates nothing inside its loop.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from depthgauge.errors import ConfigError


@dataclass(frozen=True)
class Activation:
    """f and f', the second as a function of a = f(z)."""

    apply_: Callable[[Tensor], Tensor]
    """z -> f(z), in place."""
    chain_: Callable[[Tensor, Tensor], Tensor]
    """(delta, a) -> delta * f'(z), in place on delta: the f' of equations 30 and 34."""


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


ACTIVATIONS = {
    "sigmoid": Activation(torch.sigmoid_, _sigmoid_chain_),  # f' = a (1 - a), at most 1/4
    "tanh": Activation(torch.tanh_, _tanh_chain_),  # f' = 1 - a^2, at most 1
    # x / (1 + |x|), Glorot & Bengio, section 2.3: f' = (1 - |a|)^2, at most 1
    "softsign": Activation(_softsign_, _softsign_chain_),
    "relu": Activation(torch.relu_, _relu_chain_),  # f' = 1 where a > 0, else 0, also at the kink
}


def activation(name: str) -> Activation:
    """Look an activation up; ConfigError names the known ones."""
    if name not in ACTIVATIONS:
        raise ConfigError(f"activation={name} is unknown; choose one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]
