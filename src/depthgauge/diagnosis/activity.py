"""Which units have been active: over the latest looks, until there are enough examples."""

from collections import defaultdict, deque

import numpy as np

ENOUGH = 1_000
"""No activity in so many examples bounds the rate by 3 in 1,000, with 95 % confidence."""


class Activity:
    """Remembers, for each site, which units were active at the latest looks.

    Looks that are not needed for 1,000 examples are forgotten: a unit that was active early and
    died later is found.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], deque[tuple[int, np.ndarray]]] = defaultdict(deque)

    def add(self, profile: str, site: str, active: np.ndarray, examples: int) -> tuple[float, int]:
        """Add one look; return the share of dead units, and the examples it rests on.

        active: (unit,), above 0 where some example had f'(z) != 0.
        """
        seen = self._seen[profile, site]
        if seen and seen[-1][1].shape != active.shape:
            seen.clear()
        seen.append((examples, active > 0))
        while sum(n for n, _ in seen) - seen[0][0] >= ENOUGH:
            seen.popleft()
        ever = np.logical_or.reduce([each for _, each in seen])
        return float(np.mean(~ever)), sum(n for n, _ in seen)
