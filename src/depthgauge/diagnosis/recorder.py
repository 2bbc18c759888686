"""When to look, and the looks so far: the same for Lightning, a plain loop and `diagnose`."""

import logging
from collections import Counter

from torch import nn

from depthgauge.diagnosis.activity import Activity
from depthgauge.diagnosis.look import Instrument
from depthgauge.diagnosis.parts import Reduce
from depthgauge.diagnosis.readings import Look

LOG = logging.getLogger("depthgauge")


def is_due(step: int, every: int) -> bool:
    """Return whether a look is due: at steps 0, 1, 2, 4, 8, ... and at every multiple of `every`."""
    return step & (step - 1) == 0 or step % every == 0


class Recorder:
    """Takes a look at the scheduled steps of one network and keeps what was read.

    `begin` before a step's forward pass, `stepped` after each optimizer's step, `end` after the
    last. The looks are in `looks`.
    """

    def __init__(self, net: nn.Module, every: int = 100, reduce: Reduce | None = None) -> None:
        self.net, self.every, self.reduce = net, every, reduce
        self.looks: list[Look] = []
        self._steps: Counter[int] = Counter()
        self._instrument: Instrument | None = None
        self._began = 0
        self._activity = Activity()
        self._failed = self._said = False

    @property
    def steps(self) -> int:
        """Optimizer steps so far; of several optimizers, those of the one that took most."""
        return max(self._steps.values(), default=0)

    @property
    def complete(self) -> bool:
        """Whether a look is in progress and its step has been taken."""
        return self._instrument is not None and self.steps > self._began

    def begin(self) -> None:
        """Begin a look, if one is due and none is in progress."""
        if self._instrument is None and not self._failed and is_due(self.steps, self.every):
            self._instrument = Instrument(self.net)
            self._began = self.steps
            self._instrument.attach()

    def stepped(self, optimizer: int = 0) -> None:
        """Say that an optimizer has taken its step."""
        self._steps[optimizer] += 1
        if self._instrument is not None:
            self._instrument.stepped(optimizer)

    def end(self, scale: float = 1.0) -> list[Look]:
        """End the look in progress; return one look for each backward pass, all with `problem` None
        or a single one that says what went wrong.

        `scale` is what mixed precision multiplied the loss by.
        """
        instrument, self._instrument = self._instrument, None
        if instrument is None:
            return []
        instrument.detach()
        seen = instrument.looks(self._began, self._activity, scale, self.reduce)
        self._failed = instrument.failed
        for look in seen:
            if look.problem is not None and not self._said:
                self._said = True
                LOG.warning("depthgauge cannot look at this step: %s", look.problem)
        self.looks.extend(seen)
        return seen

    def abandon(self) -> None:
        """Take the hooks of a look in progress off and forget it."""
        if self._instrument is not None:
            self._instrument.detach()
            self._instrument = None
