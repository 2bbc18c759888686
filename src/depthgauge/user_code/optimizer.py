"""An optimizer of a user's own: (parameters, lr) -> a torch.optim.Optimizer, as torch.optim.NAdam.

training/directions.py steps it at a rate of 1 on a stand-in that is 0 before each step, with all
numbers of all networks in it. That is right for a method that treats each number by itself and is
linear in its rate: both are tried here.
"""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from depthgauge.user_code.lookup import UserFunction, find

STEPS = 3


@cache
def user_optimizer(path: str) -> Callable[[nn.Parameter], Optimizer]:
    """Import the optimizer at `path` and try it on a few steps.

    Raises ConfigError, with its file, for one that is not found, raises, moves numbers by others'
    gradients or not in proportion to its rate, or makes moves that are not finite.
    """
    found = find("remedy.optimizer", path)
    gradients = torch.linspace(-1, 2, 8 * STEPS).view(STEPS, 2, 4)
    moves = _moves(found, gradients, 1.0)
    if not moves.isfinite().all():
        raise found.wrong("makes a step that is not a finite number; correct it")
    turned = _moves(found, gradients.flip(1, 2), 1.0).flip(1, 2)
    if not torch.allclose(turned, moves, rtol=1e-4, atol=1e-7):
        raise found.wrong(
            "does not treat each number by itself; networks that are trained together must not"
            " share numbers"
        )
    if not torch.allclose(_moves(found, gradients, 0.5) * 2, moves, rtol=1e-4, atol=1e-7):
        raise found.wrong("does not step in proportion to its lr, and rates are applied that way")
    return lambda stand_in: _made(found, stand_in, 1.0)


def _made(found: UserFunction, stand_in: nn.Parameter, rate: float) -> Optimizer:
    with found.reported(f"as it is called with one parameter and lr={rate:g}"):
        made = found.value([stand_in], lr=rate)
    if not isinstance(made, Optimizer):
        raise found.wrong(f"returns a {type(made).__name__}, and a torch.optim.Optimizer is needed")
    return made


def _moves(found: UserFunction, gradients: Tensor, rate: float) -> Tensor:
    """Return the steps (step, replica, number) from 0 that the gradients lead to."""
    stand_in = nn.Parameter(torch.zeros_like(gradients[0]))
    optimizer, moves = _made(found, stand_in, rate), []
    for gradient in gradients:
        stand_in.data.zero_()
        stand_in.grad = gradient.clone()
        with found.reported("in a step"):
            optimizer.step()
        moves.append(stand_in.detach().clone())
    return torch.stack(moves)
