"""Watch a plain training loop: no framework, no change to the loop."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn
from torch.optim import Optimizer

from depthgauge.diagnosis.cadence import Budget, usual
from depthgauge.diagnosis.describe import about, describe
from depthgauge.diagnosis.findings import Diagnosis, Verdict
from depthgauge.diagnosis.readings import Look
from depthgauge.diagnosis.recorder import Recorder
from depthgauge.diagnosis.verdicts import judge
from depthgauge.errors import ConfigError


class Flow:
    """The looks at a watched training loop so far, and their verdicts."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    @property
    def looks(self) -> tuple[Look, ...]:
        """All looks so far."""
        return tuple(self._recorder.looks)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts on all looks so far, faults first."""
        return judge(self.looks)

    @property
    def diagnosis(self) -> Diagnosis:
        """Looks, verdicts and a description of the network."""
        net = self._recorder.net
        return Diagnosis(self.looks, self.verdicts, network=describe(net), about=about(net))

    def page(self, path: str | Path) -> None:
        """Write the HTML page to `path`; raises ResourceError if it cannot be written."""
        from depthgauge.diagnosis.page import write_page

        write_page(self.diagnosis, path)


@contextmanager
def watch(
    net: nn.Module,
    optimizer: Optimizer | Sequence[Optimizer],
    every: int = 100,
    scaler: Any = None,
    share: float | None = None,
) -> Iterator[Flow]:
    """Look at the training of `net` at steps 0, 1, 2, 4, 8, ..., then at every `every`-th.

    A look begins before the step's forward pass and ends after `optimizer.step()`, with several
    optimizers after that of the last. If gradients are accumulated over several backward passes,
    it shows the last. Only modules in training mode are looked at. Pass a `torch.amp.GradScaler`
    as `scaler`, so that its factor is removed from the loss and the signals. With `share=0.04`, a
    look is postponed if looks would take more than 4 % of the training time so far; which steps
    are looked at then depends on the machine, otherwise on `every` alone. Raises ConfigError if an
    argument is of another type, `every` is below 1, `share` is not in (0, 1], or weights are split
    over processes.

        with watch(net, optimizer) as flow:
            for x, y in loader:
                loss = cross_entropy(net(x), y)
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
        print(flow.verdicts)
    """
    optimizers = _checked(net, optimizer, scaler)
    recorder = Recorder(net, usual(every), budget=None if share is None else Budget(share))

    def after_step(number: int, *_: Any) -> None:
        if recorder.stepped(number) and number == len(optimizers) - 1:
            recorder.end(1.0 if scaler is None else scaler.get_scale())
        recorder.begin()

    handles = [
        each.register_step_post_hook(partial(after_step, number))
        for number, each in enumerate(optimizers)
    ]
    try:
        recorder.begin()
        yield Flow(recorder)
    finally:
        recorder.abandon()
        for handle in handles:
            handle.remove()


def _checked(net: object, optimizer: object, scaler: object) -> list[Optimizer]:
    """Return the optimizers; raises ConfigError where an argument is of another type."""
    if not isinstance(net, nn.Module):
        raise ConfigError(f"watch needs a torch.nn.Module first, not a {type(net).__name__}")
    given = list(optimizer) if isinstance(optimizer, Iterable) else [optimizer]
    optimizers = [each for each in given if isinstance(each, Optimizer)]
    if not optimizers or len(optimizers) < len(given):
        wrong = [type(each).__name__ for each in given if not isinstance(each, Optimizer)]
        found = f"not a {wrong[0]}" if wrong else "and got none"
        raise ConfigError(f"watch needs the network's torch.optim.Optimizer second, {found}")
    if scaler is not None and not hasattr(scaler, "get_scale"):
        raise ConfigError(f"watch's scaler must be a torch.amp.GradScaler, not {scaler!r}")
    return optimizers
