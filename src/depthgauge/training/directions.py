"""The update directions of a library's optimizer, for R independent networks.

The optimizer sees gradients alone: with a learning rate of 1 it steps a stand-in parameter that is
0 before each step, so its value afterwards is the direction. The rates, one a replica, are applied
here. This is correct for every method that is elementwise, linear in its rate, and independent of
the weights: one stand-in then holds all numbers of all networks.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from depthgauge.errors import ConfigError
from depthgauge.nets.buffers import LANES
from depthgauge.user_code.lookup import is_path
from depthgauge.user_code.optimizer import user_optimizer

SIGN_STREAM = 2
"""Distinguishes the random signs of a seed from its initial weights and its order of examples."""


def _adahessian(stand_in: nn.Parameter) -> Optimizer:
    """Diagonal Hessian in the place of Adam's squared gradient (Yao et al., AAAI 2021)."""
    from pytorch_optimizer import AdaHessian

    return AdaHessian([stand_in], lr=1.0)


OPTIMIZERS: dict[str, Callable[[nn.Parameter], Optimizer]] = {
    "sgd": lambda stand_in: torch.optim.SGD([stand_in], lr=1.0),
    "adagrad": lambda stand_in: torch.optim.Adagrad([stand_in], lr=1.0),
    "rmsprop": lambda stand_in: torch.optim.RMSprop([stand_in], lr=1.0),
    "adam": lambda stand_in: torch.optim.Adam([stand_in], lr=1.0),
    "adahessian": _adahessian,
}
"""By name, each with its library's default constants, except the rate."""

SECOND_ORDER = {"adahessian"}
"""Those that need an estimate of the Hessian's diagonal, too."""

GROUP_STEP = "group_step"
"""Name of a step count that a library keeps for a whole parameter group."""


def find_optimizer(name: str) -> Callable[[nn.Parameter], Optimizer]:
    """Look an optimizer up by name or import path; ConfigError for one that is not there."""
    if is_path(name):
        return user_optimizer(name)
    if name not in OPTIMIZERS:
        raise ConfigError(
            f"remedy.optimizer={name} is unknown; choose one of {', '.join(OPTIMIZERS)}"
        )
    return OPTIMIZERS[name]


class Directions:
    """The state of R optimizers of one kind."""

    def __init__(self, optimizer: str, learned: Sequence[Tensor]) -> None:
        """Allocate state for tensors like `learned`, (replica, ...); ConfigError if unknown."""
        make = find_optimizer(optimizer)
        self._gradient, self.gradients = table(learned)
        self._curvature, self._curvatures = table(learned)
        self.move, self.moves = table(learned)
        stand_in = nn.Parameter(self.move)
        stand_in.grad = self._gradient
        self._optimizer = make(stand_in)

    def memory(self) -> dict[str, Tensor]:
        """Return what the optimizer remembers from step to step, by name."""
        held = self._optimizer.state_dict()
        counted = {GROUP_STEP: s} if (s := held["param_groups"][0].get("step")) else {}
        state = held["state"].get(0, {}) | counted  # 0: the stand-in, the only parameter
        return {name: torch.as_tensor(each) for name, each in state.items()}

    def remember(self, memory: Mapping[str, Tensor]) -> None:
        """Bring back what `memory` returned."""
        held = self._optimizer.state_dict()
        kept = dict(memory)
        if GROUP_STEP in kept:
            held["param_groups"][0]["step"] = int(kept.pop(GROUP_STEP))
        self._optimizer.load_state_dict({**held, "state": {0: kept} if kept else {}})

    def find(
        self, gradients: Sequence[Tensor], curvatures: Sequence[Tensor] = (), clip: float = 0.0
    ) -> list[Tensor]:
        """Return what to add to each learned tensor, for a rate of 1; overwritten by the next.

        Gradients written into `self.gradients` are not copied. `curvatures` are
        the Hessian's diagonal, for methods of SECOND_ORDER. A positive `clip` bounds the norm of
        each replica's whole gradient (Pascanu et al., ICML 2013).
        """
        for kept, gradient in zip(self.gradients, gradients, strict=True):
            if kept is not gradient:
                kept.copy_(gradient)
        if clip:
            norm = torch.linalg.vector_norm(self._gradient, dim=1, keepdim=True, dtype=torch.double)
            self._gradient.mul_((clip / norm).clamp_(max=1))
        self.move.zero_()
        if curvatures:
            for kept, curvature in zip(self._curvatures, curvatures, strict=True):
                kept.copy_(curvature)
            self._optimizer.step(hessian=[self._curvature])  # type: ignore[call-arg]
        else:
            self._optimizer.step()
        return self.moves


def table(like: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """Return zeros (replica, all numbers) and views of them like `like`; see nets/buffers.py."""
    shapes = [each.shape[1:] for each in like]
    sizes = [math.ceil(shape.numel() / LANES) * LANES for shape in shapes]
    numbers = like[0].new_zeros(like[0].shape[0], sum(sizes))
    pieces = zip(numbers.split(sizes, dim=1), shapes, strict=True)
    return numbers, [piece[:, : shape.numel()].unflatten(1, shape) for piece, shape in pieces]


def random_signs(seeds: Sequence[int], step: int, like: Sequence[Tensor]) -> list[Tensor]:
    """Return +-1 with equal chance, shaped like `like`; a pure function of seed and step.

    Hutchinson's probe: with such z, the mean of z * (H z) is the diagonal of H.
    """
    numbers, views = table(like)
    words = math.ceil(numbers.shape[1] / 64)
    for row, seed in zip(numbers, seeds, strict=True):
        key = np.random.SeedSequence(entropy=seed, spawn_key=(SIGN_STREAM, step))
        bits = np.unpackbits(np.random.Philox(key).random_raw(words).view(np.uint8))
        row.copy_(torch.from_numpy(bits[: len(row)])).mul_(2).sub_(1)
    return views
