"""An update along the direction that a library's optimizer finds, from autograd's gradients."""

from typing import Any

import torch
from torch import Tensor, nn

from depthgauge.config import Remedy
from depthgauge.nets.autograd import AutogradPass
from depthgauge.nets.backpropagation import Pass
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.training.directions import SECOND_ORDER, Directions, random_signs
from depthgauge.training.sgd import SGDSettings
from depthgauge.training.updates import Update

MEMORY = "optimizer."
"""Prefix of the optimizers' state in a state_dict."""


class LibraryOptimizer(Update):
    """Steps along the directions of an optimizer, at a rate for each replica, maybe each layer."""

    capturable = False  # autograd allocates as it goes, and optimizers count steps on the host
    steps_done: Tensor

    def __init__(self, network: ReplicaNetwork, sgd: SGDSettings, *, remedy: Remedy) -> None:
        """`remedy` names the optimizer, and whether steps are clipped or have a rate a layer."""
        super().__init__()
        self.sgd, self.remedy = sgd, remedy
        self.register_buffer("steps_done", torch.zeros(1, dtype=torch.long))
        self._remembered: dict[str, Tensor] = {}
        self._directions: Directions | None = None
        self._waiting: list[Tensor] | None = None
        self.register_load_state_dict_pre_hook(_take_memory)

    def start(self, batch: Pass, x: Tensor) -> None:
        """Allocate the optimizers' state, on the networks' device."""
        assert isinstance(batch, AutogradPass)
        self.learned, self.depth = batch.network.learned, len(batch.network.layers)
        self._directions = Directions(self.remedy.optimizer, self.learned)
        if self._remembered:
            self._directions.remember(self._remembered)
        batch.gradients = list(self._directions.gradients)
        self.batch, self._waiting = batch, None
        rates = self.learned[0].new_tensor(self.sgd.rates)
        self.rates = rates.unsqueeze(1)

    def moves(self) -> list[Tensor]:
        """Return what the next step will add to `network.learned`; computed once."""
        if self._waiting is None:
            assert self._directions is not None, "start comes first"
            curvatures = []
            if self.remedy.optimizer in SECOND_ORDER:
                signs = random_signs(self.sgd.seeds, int(self.steps_done), self.learned)
                curvatures = self.batch.curvatures(signs)
            directions, clip = self._directions, self.remedy.clip
            self._waiting = directions.find(self.batch.gradients, curvatures, clip)
            if self.remedy.layer_rates:
                for w, move in zip(self.learned[: self.depth], self._waiting, strict=False):
                    length = norm(move)
                    move.mul_(norm(w) / torch.where(length > 0, length, 1))
            directions.move.mul_(self.rates)
        return self._waiting

    def step(self) -> None:
        """Make the move."""
        for learned, move in zip(self.learned, self.moves(), strict=True):
            learned.add_(move)
        self._waiting = None
        self.steps_done += 1

    def state_dict(self, *args: Any, **keys: Any) -> dict[str, Any]:
        """Return the count of steps and the optimizers' state."""
        found = super().state_dict(*args, **keys)
        memory = self._directions.memory() if self._directions else self._remembered
        for name, each in memory.items():
            found[f"{keys.get('prefix', '')}{MEMORY}{name}"] = each
        return found

    def remember(self, memory: dict[str, Tensor]) -> None:
        """Restore the optimizers' state, now or when they are made."""
        self._remembered = memory
        if memory and self._directions:
            self._directions.remember(memory)


def _take_memory(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Move the optimizers' state out of a state_dict before its buffers are loaded."""
    assert isinstance(module, LibraryOptimizer)
    start = prefix + MEMORY
    names = [name for name in state if name.startswith(start)]
    memory = {name.removeprefix(start): _scalar_if_one(state.pop(name)) for name in names}
    module.remember(memory)


def _scalar_if_one(each: Tensor) -> Tensor:
    """A step counter has no axis; in the file it has one."""
    return each.reshape(()) if each.numel() == 1 else each


def norm(each: Tensor) -> Tensor:
    """Frobenius norms in float64: float32 rounds the square of what is below 1e-23 to 0."""
    return torch.linalg.vector_norm(each, dim=(1, 2), keepdim=True, dtype=torch.double)
