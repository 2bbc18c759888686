"""The steps at which something is measured, known before training starts."""

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

from depthgauge.config import Spacing


def probe_steps(every: int, spacing: Spacing, steps: int) -> list[int]:
    """Return the recorded steps in order, the first state (0) and the last (`steps`) included.

    Linear: 0, every, 2 every, ...; log: about `every` records a factor of ten, from 1 on.
    """
    if spacing is Spacing.linear:
        chosen = set(range(0, steps + 1, every))
    else:
        count = math.ceil(every * math.log10(max(steps, 1))) + 1
        chosen = {round(10 ** (index / every)) for index in range(count)}
    return sorted(step for step in chosen | {0, steps} if step <= steps)


class Chunk(NamedTuple):
    """The SGD steps start, ..., stop - 1."""

    start: int
    stop: int


class Chunks:
    """The steps first..steps-1 cut at the multiples of `size`; one empty chunk if there are none.

    The cuts do not depend on `first`, so a resumed run ends its chunks where the first one did.
    (Lightning takes a plain list for several loaders, so this is an iterable of its own.)
    """

    def __init__(self, first: int, steps: int, size: int) -> None:
        """Cut the steps that are left."""
        self.first = first
        cuts = [first, *range((first // size + 1) * size, steps, size), steps]
        self._chunks = [Chunk(start, stop) for start, stop in itertools.pairwise(cuts)]

    def __iter__(self) -> Iterator[Chunk]:
        """One chunk after another."""
        return iter(self._chunks)

    def __len__(self) -> int:
        """How many chunks; where Lightning stops."""
        return len(self._chunks)
