"""The LightningModule of networks with remedies: autograd, and optimizers of a library."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from depthgauge.config import Remedy
from depthgauge.nets.activations import Activation
from depthgauge.nets.autograd import AutogradPass
from depthgauge.nets.costs import Cost
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.nets.remedied import Mode, RemediedNetwork, scale_to_unit_variance
from depthgauge.training.directions import SECOND_ORDER, Directions, random_signs
from depthgauge.training.instruments import Instrument
from depthgauge.training.module import Descent, Examples, ReplicaModule

MEMORY = "optimizer."
"""Begins the names of what the optimizers remember, in a checkpoint."""


class RemediedModule(ReplicaModule):
    """Steps along the directions of an optimizer, at a rate for each replica, maybe each layer."""

    network: RemediedNetwork
    recordable = False  # autograd allocates as it goes, and optimizers count steps on the host
    steps_done: Tensor

    def __init__(
        self,
        network: ReplicaNetwork,
        activation: Activation,
        cost: Cost,
        examples: Examples,
        descent: Descent,
        *,
        remedy: Remedy,
        seeds: Sequence[int],
    ) -> None:
        """Give the freshly drawn `network` its remedies."""
        remedied = RemediedNetwork(network, activation, remedy.normalization, remedy.residual)
        super().__init__(remedied, activation, cost, examples, descent)
        self.remedy, self.seeds = remedy, seeds
        self.register_buffer("steps_done", torch.zeros(1, dtype=torch.long))
        self._remembered: dict[str, Tensor] = {}

    def on_fit_start(self) -> None:
        """Allocate the loop's buffers and the optimizers' state, on the networks' device."""
        super().on_fit_start()
        self.second_order = self.remedy.optimizer in SECOND_ORDER
        self.directions = Directions(self.remedy.optimizer, self.network.learned)
        self.batch = AutogradPass(
            self.network, self.cost, Mode.learning, self.second_order, self.directions.gradients
        )
        like = self.network.weights[0]
        rates = torch.tensor(self.descent.rates, dtype=like.dtype, device=like.device)
        self.rates = rates.unsqueeze(1)
        self._waiting: list[Tensor] | None = None
        if self._remembered:
            self.directions.remember(self._remembered)

    def state_dict(self, *args: Any, **keys: Any) -> dict[str, Any]:
        """Return the networks' state and the optimizers', for a checkpoint."""
        fitted = hasattr(self, "directions")
        memory = self.directions.memory() if fitted else self._remembered
        named = {MEMORY + name: each for name, each in memory.items()}
        return super().state_dict(*args, **keys) | named

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **keys: Any) -> Any:
        """Take that state back; the optimizers get theirs when they are made, as a fit starts."""
        networks = dict(state_dict)
        self._remembered = {
            name.removeprefix(MEMORY): _scalar_if_one(networks.pop(name))
            for name in state_dict
            if name.startswith(MEMORY)
        }
        return super().load_state_dict(networks, *args, **keys)

    def new_pass(self, examples: int) -> AutogradPass:
        """Return a pass for probes."""
        return AutogradPass(self.network, self.cost, Mode.probing)

    def new_evaluation(self, examples: int) -> AutogradPass:
        """Return a pass that only looks forward, with running statistics."""
        return AutogradPass(self.network, self.cost, Mode.evaluating)

    def moves(self) -> list[Tensor]:
        """Return what the waiting step will add to `network.learned`; it is found once."""
        if self._waiting is None:
            assert isinstance(self.batch, AutogradPass)
            curvatures = []
            if self.second_order:
                signs = random_signs(self.seeds, int(self.steps_done), self.network.learned)
                curvatures = self.batch.curvatures(signs)
            self._waiting = self.directions.find(self.batch.gradients, curvatures, self.remedy.clip)
            if self.remedy.layer_rates:
                for w, move in zip(self.network.weights, self._waiting, strict=False):
                    length = _norm(move)
                    move.mul_(_norm(w) / torch.where(length > 0, length, 1))
            self.directions.move.mul_(self.rates)
        return self._waiting

    def _update(self) -> None:
        for learned, move in zip(self.network.learned, self.moves(), strict=True):
            learned.add_(move)
        self._waiting = None
        self.steps_done += 1


class UpdateRatios(Instrument):
    """Per layer: the norm of the step about to be made over the norm of the weights."""

    axis = "update_step"

    def __init__(self, steps: Iterable[int], last: int) -> None:
        """Measure at `steps`, but not after the last one: no update waits there."""
        super().__init__(step for step in steps if step < last)

    def measure(self) -> dict[str, Tensor]:
        """Look at the moves that the module has found for this step."""
        module = self.module
        assert isinstance(module, RemediedModule)
        pairs = zip(module.network.weights, module.moves(), strict=False)
        ratios = [(_norm(move) / _norm(w)).to(w.dtype).view(-1) for w, move in pairs]
        return {"update_ratio": torch.stack(ratios, dim=1)}

    def passes_per_measure(self) -> float:
        """Two norms: next to nothing."""
        return 4.0


def give_unit_variance(module: ReplicaModule, images: int) -> None:
    """Prepare the networks by LSUV on the first training images, before any step."""
    assert isinstance(module, RemediedModule)
    x, _ = module.examples.take(slice(images), module.network.weights[0])
    scale_to_unit_variance(module.network, x.expand(module.replicas, -1, -1))


def _scalar_if_one(each: Tensor) -> Tensor:
    """A step counter has no axis; in the file it has one."""
    return each.reshape(()) if each.numel() == 1 else each


def _norm(each: Tensor) -> Tensor:
    """Frobenius norms in float64: float32 rounds the square of what is below 1e-23 to 0."""
    return torch.linalg.vector_norm(each, dim=(1, 2), keepdim=True, dtype=torch.double)
