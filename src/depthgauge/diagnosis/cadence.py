"""At which steps to look: by count, and if the user wants it, by the time that looks take."""

import time
from collections.abc import Callable
from functools import partial

from depthgauge.errors import ConfigError


def is_due(step: int, every: int) -> bool:
    """Return whether to look: at 0, 1, 2, 4, 8, ... up to `every`, and at each multiple of it."""
    return step % every == 0 or (step < every and step & (step - 1) == 0)


def usual(every: int) -> Callable[[int], bool]:
    """Return the usual schedule; raises ConfigError unless `every` is a number from 1 up."""
    if not isinstance(every, int) or every < 1:
        raise ConfigError(f"every={every!r} steps between looks must be a whole number from 1 up")
    return partial(is_due, every=every)


class Budget:
    """Bounds what looks add to a training, as a share of its time.

    What a look adds is the time of its step beyond the mean of the steps without a look. Raises
    ConfigError unless the share is above 0 and at most 1.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.perf_counter) -> None:
        if not 0 < share <= 1:
            raise ConfigError(f"share={share} of the time for looks must be above 0 and at most 1")
        self.share, self._clock = share, clock
        self._start = self._began = clock()
        self._looked = 0.0
        self._looks = 0

    def allows(self, steps: int) -> bool:
        """Return whether the looks so far leave time for another, after `steps` steps in all."""
        if not self._looks:
            return True
        quiet = steps - self._looks
        if quiet < 1:
            return False
        total = self._clock() - self._start
        added = self._looked - self._looks * (total - self._looked) / quiet
        return added <= self.share * total

    def begin(self) -> None:
        """Note that a look begins."""
        self._began = self._clock()

    def end(self) -> None:
        """Note that it has ended."""
        self._looked += self._clock() - self._began
        self._looks += 1
