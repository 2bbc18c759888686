"""Try remedies: the same seeds with and without, paired, for a number of steps.

What a trial returns is the effect on the training loss, with a 95 % interval over seeds. Rules can
be wrong; a trial shows whether a remedy works.
"""

import copy
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

from depthgauge.diagnosis.course import t_interval
from depthgauge.diagnosis.findings import Interval, Remedy, Trial
from depthgauge.diagnosis.remedies import REMEDIES, Setup
from depthgauge.errors import ConfigError

Make = Callable[[], tuple[Any, ...]]
"""Returns (net, loss, batches) or (net, loss, batches, optimizer); see factory.py."""

RATE = 0.01
"""Learning rate of plain SGD where `make` returns no optimizer."""

TAIL = 0.2
"""Share of the steps over which the loss is averaged at the end."""


def try_remedies(
    make: Make, remedies: Sequence[Remedy], *, seeds: int = 3, steps: int = 100
) -> tuple[Trial, ...]:
    """Train with no remedy and with each one, from the same seeds on the same batches.

    A remedy that does not apply to the network, or that the network cannot run with, is returned
    with a note and a NaN effect. The generators of PyTorch are left as they were.
    """
    if not remedies:
        return ()
    with generators_kept():
        before = np.array([_final_loss(make, None, seed, steps) for seed in range(seeds)])
        return tuple(_trial(make, each, before, steps) for each in remedies)


def generators_kept() -> AbstractContextManager[None]:
    """Return a context that leaves PyTorch's generators as they were, those of GPUs too."""
    return torch.random.fork_rng(range(torch.cuda.device_count()), device_type="cuda")


def _trial(make: Make, remedy: Remedy, before: np.ndarray, steps: int) -> Trial:
    """Compare one remedy with the losses that were reached without."""
    note = ""
    try:
        after = np.array([_final_loss(make, remedy, seed, steps) for seed in range(len(before))])
    except Exception as error:  # the same network has been trained without the remedy
        after, note = np.array([np.nan]), f"the network does not run with it: {error}"
    if np.isnan(after).all():
        nothing, note = Interval(np.nan, np.nan, "initializations", 0), note or NOTHING
        return Trial(remedy, float(before.mean()), np.nan, nothing, steps, note)
    effect, decades = _paired(before, after)
    means = float(before.mean()), float(after.mean())
    return Trial(remedy, *means, effect, steps, decades=decades)


NOTHING = "nothing to apply it to"
"""Why a remedy changed nothing."""

EXPLODED = 100.0
"""Ratio between losses from which a mean of differences would speak of the largest alone."""


def _paired(before: np.ndarray, after: np.ndarray) -> tuple[Interval, bool]:
    """The t interval of the mean difference, and whether it is in decades of the loss.

    It is where losses explode: without the remedy they are not all finite, or of all losses the
    largest is over 100 times the least. One that is not finite counts as ten times the worst.
    """
    losses = np.array([before, after])
    finite = losses[np.isfinite(losses)]
    worst = finite.max(initial=0.0)
    filled = np.where(np.isfinite(losses), losses, max(10 * worst, worst + 1))
    exploded = not np.isfinite(before).all() or filled.max() > EXPLODED * filled.min()
    decades = bool(exploded and (filled > 0).all())
    first, second = np.log10(filled) if decades else filled
    return t_interval(first - second, "initializations"), decades


def _final_loss(make: Make, remedy: Remedy | None, seed: int, steps: int) -> float:
    """Train one network; return its mean loss over the last steps, NaN if nothing applies."""
    setup, batches = fresh(make, seed, steps)
    torch.manual_seed(seed + 1)  # the remedy's own draws, apart from the network's
    if remedy is not None and not REMEDIES[remedy](setup):
        return float("nan")
    losses = [_step(setup, batch) for batch in islice(cycle(batches), steps)]
    tail = torch.stack(losses[-max(1, round(TAIL * steps)) :]).double()
    return float(tail.mean()) if tail.isfinite().all() else float("inf")


def fresh(make: Make, seed: int, steps: int) -> tuple[Setup, list[Any]]:
    """Make a network, its loss, its optimizer and the batches of `steps` steps from one seed.

    Network and optimizer are copies, so that a `make` that returns the same objects twice finds
    them as they were. Batches beyond those needed are not drawn. Raises ConfigError if there are
    none, or the network cannot be copied.
    """
    torch.manual_seed(seed)
    net, loss, batches, *rest = make()
    try:
        net, optimizer = copy.deepcopy((net, rest[0] if rest else None))
    except Exception as error:
        raise ConfigError(
            "what make returns cannot be copied with copy.deepcopy (for weight_norm, take that of"
            f" torch.nn.utils.parametrizations): {type(error).__name__}: {error}"
        ) from error
    if optimizer is None:
        optimizer = torch.optim.SGD(net.parameters(), lr=RATE)
    batches = list(islice(batches, steps))
    if not batches:
        raise ConfigError(
            "make's batches are empty: each call of make needs new ones, at least one"
        )
    setup = Setup(net.train(), loss, batches[0], optimizer)
    if any(is_lazy(each) for each in net.parameters()):
        with torch.no_grad():
            _call_loss(setup, batches[0])  # remedies need the weights, which this draws
    return setup, batches


def _step(setup: Setup, batch: Any) -> Tensor:
    """One step of training; the loss stays on its device."""
    setup.optimizer.zero_grad()
    loss = loss_of(setup, batch)
    loss.backward()
    setup.optimizer.step()
    return loss.detach()


def loss_of(setup: Setup, batch: Any) -> Tensor:
    """Return loss(net, batch); raises ConfigError unless it is one number with a gradient."""
    loss = _call_loss(setup, batch)
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        kind = f"of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
        raise ConfigError(f"loss(net, batch) must return a scalar tensor, not {kind}")
    if not loss.requires_grad:
        raise ConfigError("loss(net, batch) has no gradient: was it detached, or made a float?")
    return loss


def _call_loss(setup: Setup, batch: Any) -> Any:
    try:
        return setup.loss(setup.net, batch)
    except Exception as error:
        raise ConfigError(raised("loss(net, batch)", error)) from error


def raised(what: str, error: BaseException) -> str:
    """Return a sentence on an exception of a user's function that was called, and its line."""
    inside = traceback.extract_tb(error.__traceback__)[1:2]
    where = "".join(f" ({Path(each.filename).name}, line {each.lineno})" for each in inside)
    return f"{what} raised {type(error).__name__}: {error}{where}"
