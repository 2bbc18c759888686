"""When looks are taken: by count, or within a share of the training's time."""

import pytest
import torch
from one_look import batch, dense
from torch import nn
from torch.nn import functional

from depthgauge import GradientFlow, watch
from depthgauge.diagnosis.cadence import Budget, is_due
from depthgauge.diagnosis.recorder import Recorder
from depthgauge.errors import ConfigError


def test_looks_double_up_to_every_and_then_come_at_its_multiples():
    assert [n for n in range(321) if is_due(n, 100)] == [0, 1, 2, 4, 8, 16, 32, 64, 100, 200, 300]
    assert [n for n in range(7) if is_due(n, 1)] == [0, 1, 2, 3, 4, 5, 6]


class Clock:
    """A clock that the test moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(("share", "look"), [(0.04, 20.0), (0.1, 3.0), (0.5, 50.0)])
def test_looks_add_at_most_their_share_but_for_the_last_one(share, look):
    """Whenever a look begins, those before it have added no more than the share of the time."""
    clock = Clock()
    budget, added, looks = Budget(share, clock), 0.0, []
    for step in range(3000):
        if is_due(step, 10) and budget.allows(step):
            assert added <= share * clock.now + 1e-9
            budget.begin()
            clock.now += 1 + look
            budget.end()
            added += look
            looks.append(step)
        else:
            clock.now += 1
    assert looks[0] == 0 and len(looks) > 4
    assert added <= share * clock.now + look


def test_a_look_that_waits_is_taken_at_a_later_step():
    clock = Clock()
    net = dense([64, 8, 8, 10], nn.Tanh)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    recorder = Recorder(net, lambda step: step in (0, 1), budget=Budget(0.25, clock))
    for step in range(12):
        x, y = batch(16, 64, seed=step)
        recorder.begin()
        clock.now += 3 if recorder.looking else 1  # a look adds 2
        functional.cross_entropy(net(x), y).backward()
        optimizer.step()
        recorder.stepped()
        recorder.end()
    assert [look.step for look in recorder.looks] == [0, 6]  # 2 / (3 + 5) is a quarter


@pytest.mark.parametrize("share", [0, -0.1, 1.5, float("nan")])
def test_a_share_is_above_0_and_at_most_1(share):
    net = dense([64, 8, 10], nn.Tanh)
    with pytest.raises(ConfigError, match="share="):
        GradientFlow(share=share)
    optimizer = torch.optim.SGD(net.parameters())
    with pytest.raises(ConfigError, match="share="), watch(net, optimizer, share=share):
        pass


def test_several_processes_cannot_have_a_share():
    net = dense([64, 8, 10], nn.Tanh)
    with pytest.raises(ConfigError, match="one process"):
        Recorder(net, bool, processes=2, budget=Budget(0.1))
