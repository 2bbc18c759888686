"""When to look, and the looks so far: the same for Lightning, a plain loop and `diagnose`."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from torch import nn

from depthgauge.diagnosis.activity import Activity
from depthgauge.diagnosis.cadence import Budget
from depthgauge.diagnosis.function_mode import FunctionMode
from depthgauge.diagnosis.look import Instrument
from depthgauge.diagnosis.parts import Reduce
from depthgauge.diagnosis.readings import Look
from depthgauge.errors import ConfigError

LOG = logging.getLogger("depthgauge")


def require_whole_weights(net: nn.Module) -> None:
    """Raise ConfigError where a weight is a DTensor: of that, each process holds a part."""
    for name, parameter in net.named_parameters():
        if any(kind.__name__ == "DTensor" for kind in type(parameter).__mro__):
            raise ConfigError(
                f"the diagnosis cannot look at {name}, which is split over processes (a DTensor, as"
                " under FSDP2 or tensor parallelism): use DDP or one process"
            )


class Recorder:
    """Takes a look at the scheduled steps of one network and keeps what was read.

    `begin` before a step's forward pass, `stepped` after each optimizer's step, `end` after the
    last. The looks are in `looks`. `first` is the number of the first step, where a training is
    resumed: `due` counts from there. Raises ConfigError for a network split over processes.
    """

    def __init__(
        self,
        net: nn.Module,
        due: Callable[[int], bool],
        reduce: Reduce | None = None,
        processes: int = 1,
        budget: Budget | None = None,
        first: int = 0,
    ) -> None:
        require_whole_weights(net)
        if budget is not None and processes > 1:
            raise ConfigError(
                "share= works with one process only: several would look at different steps"
            )
        self.net, self._due, self._reduce, self._processes = net, due, reduce, processes
        self._budget = budget
        self.looks: list[Look] = []
        self.steps = self._first = first
        """Optimizer steps so far; of several optimizers, those of the one that took most."""
        self._asked = -1
        self._steps: Counter[int] = Counter()
        self._mode = FunctionMode()
        self._owed = False
        self._instrument: Instrument | None = None
        self._began = 0
        self._activity = Activity()
        self._failed = self._said = False

    @property
    def looking(self) -> bool:
        """Whether a look is in progress."""
        return self._instrument is not None

    @property
    def complete(self) -> bool:
        """Whether a look is in progress and its step has been taken."""
        return self._instrument is not None and self.steps > self._began

    def begin(self) -> None:
        """Begin a look, if one is due and none is in progress.

        It waits for a later step while a `with torch.device(...)` or the like of the user's is
        open, or while looks have taken more than their share of the time. It is due too if a due
        step has passed since the last call, as where a batch is given several steps.
        """
        if self._instrument is not None or self._failed:
            return
        taken = self.steps - self._first
        passed = range(self._asked + 1, taken)
        self._asked = taken
        if self._owed or self._due(taken) or any(map(self._due, passed)):
            self._owed = not self._begin(taken)

    def _begin(self, taken: int) -> bool:
        if self._budget is not None and not self._budget.allows(taken):
            return False
        instrument = Instrument(self.net, self._mode)
        if not instrument.attach():
            return False
        self._instrument, self._began = instrument, self.steps
        if self._budget is not None:
            self._budget.begin()
        return True

    def stepped(self, optimizer: int = 0) -> bool:
        """Say that an optimizer has taken its step; return whether a look is now complete."""
        self._steps[optimizer] += 1
        self.steps = max(self.steps, self._first + self._steps[optimizer])
        if self._instrument is None:
            return False
        self._instrument.stepped(optimizer)
        return self.complete

    def end(self, scale: float = 1.0) -> list[Look]:
        """End the look in progress; return one look for each backward pass.

        Or a single one, without sites, whose `problem` says what went wrong. `scale` is what mixed
        precision multiplied the loss by.
        """
        instrument, self._instrument = self._instrument, None
        if instrument is None:
            return []
        instrument.detach()
        seen = instrument.looks(self._began, self._activity, scale, self._reduce)
        if self._processes > 1:
            seen = [replace(look, examples=look.examples * self._processes) for look in seen]
        self._failed = instrument.problem is not None
        for look in seen:
            if look.problem is not None and not self._said:
                self._said = True
                LOG.warning("depthgauge cannot look at this step: %s", look.problem)
        self.looks.extend(seen)
        if self._budget is not None:
            self._budget.end()
        return seen

    def abandon(self) -> None:
        """Take the hooks of a look in progress off and forget it."""
        if self._instrument is not None:
            self._instrument.detach()
            self._instrument = None
        self._mode.leave()
