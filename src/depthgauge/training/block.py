"""A block: replicas of one cell that are computed together, and where."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from depthgauge.config import Experiment
from depthgauge.datasets.prepared import Prepared


@dataclass(frozen=True)
class Block:
    """Replicas (seed, learning rate) of one experiment that are computed together."""

    experiment: Experiment
    replicas: list[tuple[int, float]]
    key: str
    cell: str

    @property
    def seeds(self) -> list[int]:
        """The seed of each replica."""
        return [seed for seed, _ in self.replicas]

    @property
    def rates(self) -> list[float]:
        """The learning rate of each replica."""
        return [rate for _, rate in self.replicas]


Watch = Callable[[Block, Mapping[str, Sequence[int]]], list[Any]]
"""(block, recorded steps by axis) -> Lightning callbacks that show or publish its progress.

`Any`, because importing Lightning takes seconds and planning does not need it.
"""


@dataclass(frozen=True)
class Task:
    """What a procedure needs to compute a block."""

    block: Block
    data: Prepared
    device: str
    folder: Path
    """The block's folder, for checkpoints."""
    watch: Watch
