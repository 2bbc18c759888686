"""A look and the user's own function modes (`with torch.device(...)`) leave each other alone."""

from contextlib import contextmanager, nullcontext

import pytest
import torch
from one_look import batch, dense
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from depthgauge import watch


class Passing(TorchFunctionMode):
    """A mode of the user's that changes nothing."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


@contextmanager
def default_device():
    torch.set_default_device("cpu")
    try:
        yield
    finally:
        torch.set_default_device(None)


def innermost_device():
    """Where a new tensor is put: on "meta" inside `with torch.device("meta")`."""
    return torch.empty(1).device.type


def train(
    net, optimizer, whole=nullcontext, forward=nullcontext, step=nullcontext, steps=5, every=2
):
    """Train with a context around each whole step, its forward pass, or the optimizer's step."""
    with watch(net, optimizer, every) as flow:
        for number in range(steps):
            x, y = batch(16, 64, seed=number)
            with whole():
                with forward():
                    loss = functional.cross_entropy(net(x), y)
                loss.backward()
                with step():
                    optimizer.step()
                optimizer.zero_grad()
            assert innermost_device() == "cpu"
    assert not torch.overrides.has_torch_function((torch.ones(1),))
    return flow


@pytest.mark.parametrize("part", ["whole", "forward", "step"])
@pytest.mark.parametrize("kind", [lambda: torch.device("meta"), Passing], ids=["device", "mode"])
def test_a_context_inside_each_step_ends_where_it_should_and_every_look_succeeds(part, kind):
    net = dense([64, 8, 8, 10], nn.Tanh)
    flow = train(net, torch.optim.SGD(net.parameters(), 0.1), **{part: kind})
    assert [(look.step, look.problem) for look in flow.looks] == [(n, None) for n in (0, 1, 2, 4)]
    assert all(len(look.sites) == 3 for look in flow.looks)


def test_a_look_that_would_begin_amid_a_context_is_put_off():
    """Step 4's look would begin inside step 3's context, after others have ended without one."""
    net = dense([64, 8, 8, 10], nn.Tanh)
    upcoming = iter([nullcontext] * 3 + [lambda: torch.device("meta")] + [nullcontext] * 3)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    flow = train(net, optimizer, step=lambda: next(upcoming)(), steps=7, every=4)
    assert [(look.step, look.problem) for look in flow.looks] == [(n, None) for n in (0, 1, 2, 5)]


@pytest.mark.parametrize("outer", [default_device, Passing, lambda: torch.device("cpu")])
def test_contexts_around_the_whole_loop_do_not_matter(outer):
    net = dense([64, 8, 8, 10], nn.Tanh)
    with outer():
        optimizer = torch.optim.SGD(net.parameters(), 0.1)
        with watch(net, optimizer) as flow:
            for step in range(3):
                x, y = batch(16, 64, seed=step)
                functional.cross_entropy(net(x), y).backward()
                optimizer.step()
    assert [look.problem for look in flow.looks] == [None] * 3
    assert not torch.overrides.has_torch_function((torch.ones(1),))
