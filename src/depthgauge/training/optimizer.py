"""The optimizer that Lightning sees: it holds the learning rates and counts training batches."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from depthgauge.nets.network import ReplicaNetwork


class ReplicaOptimizer(torch.optim.Optimizer):
    """One parameter group for each learning rate: the parameters of its replicas.

    The update is the engine's: `step` runs the closure, a whole chunk of SGD steps.
    """

    def __init__(self, network: ReplicaNetwork, rates: Sequence[float]) -> None:
        """`rates` are those of the replicas."""
        groups = [
            {
                "params": [
                    parameter[replica]
                    for replica, its_rate in enumerate(rates)
                    if its_rate == rate
                    for parameter in network.parameters()
                ],
                "lr": rate,
            }
            for rate in dict.fromkeys(rates)
        ]
        super().__init__(groups, {})

    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        """Return what `closure` returns, which does the steps."""
        return closure() if closure else None
