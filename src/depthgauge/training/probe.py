"""A read-only measurement at a fixed set of steps, and its readings."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from depthgauge.training.schedule import Chunk

Measure = Callable[[], dict[str, Tensor]]
"""Returns values by name, each with replica as its first axis."""


@dataclass(frozen=True)
class Readings:
    """What one probe read in one chunk, or in a whole run."""

    steps: list[int]
    values: dict[str, np.ndarray]
    """By name, (reading, replica, ...)."""


class Probe:
    """A measurement that an engine takes at `steps`, before the update of each."""

    def __init__(self, axis: str, steps: Iterable[int], measure: Measure) -> None:
        """`axis` names the axis of steps in the record, as in gradient_step."""
        self.axis, self.steps, self.measure = axis, frozenset(steps), measure
        self._read: list[tuple[list[int], dict[str, Tensor]]] = []

    def due(self, chunk: Chunk) -> list[int]:
        """Return the steps of `chunk` at which it is taken, in order."""
        return [step for step in range(*chunk) if step in self.steps]

    def take(self, step: int) -> None:
        """Measure now; `step` says when that is."""
        self.add([step], {name: value[None] for name, value in self.measure().items()})

    def add(self, steps: list[int], values: dict[str, Tensor]) -> None:
        """Keep values (reading, replica, ...) that were measured at `steps`."""
        self._read.append((steps, values))

    def collect(self) -> Readings | None:
        """Return what was read since the last call, None if nothing; one copy a name to the host.

        What was returned is forgotten.
        """
        read, self._read = self._read, []
        if not read:
            return None
        steps = [step for steps, _ in read for step in steps]
        names = read[0][1]
        return Readings(
            steps,
            {name: torch.cat([values[name] for _, values in read]).cpu().numpy() for name in names},
        )


def merged(readings: Sequence[Readings]) -> Readings:
    """Return the chunks' readings as one, values (reading, replica, ...)."""
    steps = [step for each in readings for step in each.steps]
    names = readings[0].values
    return Readings(
        steps, {n: np.concatenate([each.values[n] for each in readings]) for n in names}
    )
