"""Diagnose networks trained from several seeds, so that intervals are over initializations."""

import inspect
import math
from collections.abc import Iterable, Sequence
from itertools import cycle, islice
from typing import Any

import torch
from torch import nn

from depthgauge.diagnosis.activity import ENOUGH
from depthgauge.diagnosis.describe import about, describe
from depthgauge.diagnosis.findings import Diagnosis, Remedy
from depthgauge.diagnosis.readings import Look
from depthgauge.diagnosis.recorder import Recorder
from depthgauge.diagnosis.trials import (
    Make,
    fresh,
    generators_kept,
    loss_of,
    raised,
    try_remedies,
)
from depthgauge.diagnosis.verdicts import faults, judge
from depthgauge.errors import ConfigError

SPARE = 2
"""Looks beyond those: what units show must last for two steps, and a batch may be smaller."""


def diagnose(
    make: Make,
    steps: Sequence[int] = (0, 100),
    seeds: int = 5,
    tries: bool = False,
    remedies: Sequence[str] = (),
) -> Diagnosis:
    """Train what `make` returns from several seeds, look at the given steps, and judge.

    `make()` returns `(net, loss, batches)` or `(net, loss, batches, optimizer)`: a module, a
    function `loss(net, batch)` that returns a scalar tensor, batches (a list, a DataLoader or any
    other iterable, repeated as often as needed), and an optimizer of the network's parameters
    (default: SGD with rate 0.01). It is called once per seed, after `torch.manual_seed(seed)`.
    Further looks before the last step provide the 1,000 examples on which dead units are judged.
    The state of PyTorch's random generators is restored. With `tries`, every remedy that a lasting
    fault names is tried, from the same seeds up to the last step; `remedies`, such as "layer
    normalization", are always tried. Raises ConfigError if an argument is invalid, or `make` raises
    or returns anything else.
    """
    if not steps or min(steps) < 0 or seeds < 1:
        raise ConfigError(
            f"diagnose needs steps of at least 0 and at least one seed: {steps=}, {seeds=}"
        )
    for name in remedies:
        if name not in set(Remedy):
            raise ConfigError(f"{name!r} is not a remedy; choose one of {', '.join(Remedy)}")
    wanted = sorted(set(steps))
    with generators_kept():
        trained = [_train(make, seed, wanted) for seed in range(seeds)]
    runs = [looks for _, looks in trained]
    net = trained[0][0]
    facts = {**about(net), "seeds": str(seeds), "steps": ", ".join(map(str, wanted))}
    looks = tuple(look for run in runs for look in run)
    verdicts = judge(looks, over_seeds=runs)
    named = [each for verdict in faults(verdicts) for each in verdict.remedies]
    tried = [Remedy(each) for each in dict.fromkeys([*(named if tries else []), *remedies])]
    trials = try_remedies(make, tried, seeds=seeds, steps=wanted[-1] + 1)
    return Diagnosis(looks, verdicts, trials, describe(net), facts)


def _train(make: Make, seed: int, steps: Sequence[int]) -> tuple[nn.Module, list[Look]]:
    """Train one network up to the last step, and look."""
    setup, batches = fresh(lambda: checked(make), seed, steps[-1] + 1)
    recorder = Recorder(setup.net, due=lambda step: _is_due(step, steps, recorder.looks))

    def count(*_: Any) -> None:
        recorder.stepped()

    handle = setup.optimizer.register_step_post_hook(count)
    try:
        for batch in islice(cycle(batches), steps[-1] + 1):
            recorder.begin()
            setup.optimizer.zero_grad()
            loss_of(setup, batch).backward()
            if all(p.grad is None for p in setup.net.parameters()):
                raise ConfigError(
                    "loss(net, batch) does not use the net that it is given, so that no weight has"
                    " a gradient: does it call a network from outside instead?"
                )
            setup.optimizer.step()
            recorder.end()
    finally:
        recorder.abandon()
        handle.remove()
    return setup.net, recorder.looks


def _is_due(step: int, steps: Sequence[int], looks: Sequence[Look]) -> bool:
    """At the given steps, and before the last at those that show units enough examples twice."""
    if step in steps or not looks or not looks[0].examples:
        return step in steps
    enough = math.ceil(ENOUGH / looks[0].examples)
    return steps[-1] - enough - SPARE < step < steps[-1]


def checked(make: Make) -> tuple[Any, ...]:
    """Return what `make` makes; raises ConfigError, in a sentence, where it cannot be used."""
    try:
        made = make()
    except (Exception, SystemExit) as error:
        raise ConfigError(raised("make", error)) from error
    if not isinstance(made, tuple) or len(made) not in (3, 4):
        raise ConfigError(
            "make must return (net, loss, batches) or (net, loss, batches, optimizer), not"
            f" {_said(made)}"
        )
    net, loss, batches, *rest = made
    if not isinstance(net, nn.Module):
        raise ConfigError(f"make's net must be a torch.nn.Module, not {_said(net)}")
    if not callable(loss):
        raise ConfigError(f"make's loss must be a function loss(net, batch), not {_said(loss)}")
    if not isinstance(batches, Iterable):
        raise ConfigError(f"make's batches must be a list of batches, not {_said(batches)}")
    if rest and not isinstance(rest[0], torch.optim.Optimizer):
        raise ConfigError(f"make's optimizer must be a torch.optim.Optimizer, not {_said(rest[0])}")
    if rest and _needs_closure(rest[0]):
        raise ConfigError(
            f"make's optimizer {type(rest[0]).__name__} needs a closure: use another optimizer, or"
            " depthgauge.watch around your own training loop"
        )
    if not any(p.requires_grad for p in net.parameters()):
        raise ConfigError("make's net has no trainable parameter: it has none, or all are frozen")
    return made


def _needs_closure(optimizer: torch.optim.Optimizer) -> bool:
    """Whether `step` must be given a function that computes the loss, as for LBFGS."""
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    return closure is not None and closure.default is closure.empty


def _said(value: object) -> str:
    return f"a {type(value).__name__}" if not isinstance(value, tuple) else f"{len(value)} values"
