"""`diagnose`: several seeds, the given steps, and a sentence for what cannot be used."""

import itertools
import sys
import threading

import pytest
import torch
from one_look import batch, dense
from torch import nn
from torch.nn import functional

from depthgauge import diagnose
from depthgauge.diagnosis.findings import Finding
from depthgauge.diagnosis.verdicts import faults
from depthgauge.errors import ConfigError


def loss(net, pair):
    return functional.cross_entropy(net(pair[0]), pair[1])


def made(depth=12, activation=nn.Sigmoid, examples=100):
    torch_state = torch.initial_seed()
    net = dense([16] + [30] * depth + [10], activation, seed=torch_state)
    return net, loss, [batch(examples, 16, seed=i) for i in range(3)]


def test_a_deep_sigmoid_net_vanishes_with_an_interval_over_initializations():
    report = diagnose(made, steps=(0, 5), seeds=3)
    (verdict,) = [v for v in report.verdicts if v.finding.value == "vanishes"]
    assert verdict.lasting and verdict.cause.value == "slopes"
    assert verdict.interval.over == "initializations" and verdict.interval.n == 3
    assert verdict.interval.low < verdict.value < verdict.interval.high < -2
    assert verdict.theory == pytest.approx(verdict.value, abs=0.5)
    assert {look.step for look in report.looks} >= {0, 5}
    assert report.network.startswith("Sequential, ") and report.about["seeds"] == "3"


def test_units_are_judged_on_a_thousand_examples():
    report = diagnose(lambda: made(2, nn.ReLU, 100), steps=(0, 20), seeds=1)
    last = report.looks[-1]
    assert last.step == 20
    assert all(s.dead_examples == 1000 for s in last.sites if s.dead is not None)


def test_dead_units_last_though_a_batch_is_smaller():
    """The default steps judge them twice: a verdict that is seen only once is not reported."""

    def dead():
        net, _, (whole, *_) = made(2, nn.ReLU, 64)
        nn.init.constant_(net[0].bias, -9.0)
        return net, loss, [*[whole] * 8, tuple(each[:5] for each in whole)]

    found = faults(diagnose(dead, steps=(0, 40), seeds=1).verdicts)
    assert Finding.dead in {verdict.finding for verdict in found}


def test_the_generator_and_the_users_objects_are_as_before():
    net, _, batches = made(2)
    before = [p.clone() for p in net.parameters()]
    torch.manual_seed(4)
    expected = torch.rand(1)
    torch.manual_seed(4)
    diagnose(lambda: (net, loss, batches), steps=(0, 1), seeds=2)
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), before, strict=True))
    assert all(p.grad is None for p in net.parameters())


def test_an_optimizer_of_ones_own_takes_the_steps():
    def own():
        net, *rest = made(2, nn.Tanh)
        return net, *rest, torch.optim.SGD(net.parameters(), lr=0.0)

    report = diagnose(own, steps=(0, 2), seeds=1)
    assert {s.update_ratio for look in report.looks for s in look.sites} == {0.0}


def raising():
    raise KeyError("data")


def frozen():
    net, *rest = made(2)
    return net.requires_grad_(False), *rest


def locked():
    net, *rest = made(2)
    net.lock = threading.Lock()
    return net, *rest


def lbfgs():
    net, *rest = made(2)
    return net, *rest, torch.optim.LBFGS(net.parameters())


def outside():
    net, _, batches = made(2)
    return net, lambda _, pair: loss(net, pair), batches


def test_batches_may_go_on_for_ever():
    def make():
        net, _, batches = made(2)
        return net, loss, itertools.cycle(batches)

    there = diagnose(make, steps=(0, 3), seeds=2, remedies=["He initialization"])
    listed = diagnose(lambda: made(2), steps=(0, 3), seeds=2, remedies=["He initialization"])
    assert there.looks == listed.looks and there.trials == listed.trials


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (raising, "make raised KeyError: 'data'"),
        (lambda: None, "make must return .* not a NoneType"),
        (lambda: (1, 2), "make must return .* not 2 values"),
        (lambda: ("net", loss, [1]), "net must be a torch.nn.Module, not a str"),
        (lambda: (made()[0], 3, [1]), r"loss must be a function loss\(net, batch\), not a int"),
        (lambda: (made()[0], loss, 3), "batches must be a list of batches, not a int"),
        (lambda: (made()[0], loss, []), "batches are empty"),
        (lambda: (*made()[:2], iter([])), "batches are empty"),
        (lambda: sys.exit(0), r"make raised SystemExit: 0 \(test_factory.py, line \d+\)"),
        (locked, "cannot be copied with copy.deepcopy .*: TypeError: cannot pickle"),
        (lbfgs, "optimizer LBFGS needs a closure"),
        (outside, "does not use the net that it is given"),
        (
            lambda: (made()[0], lambda net, b: net(b), made()[2]),
            r"loss\(net, batch\) raised TypeError: .* \(test_factory.py, line \d+\)",
        ),
        (lambda: (*made(), "adam"), "optimizer must be a torch.optim.Optimizer, not a str"),
        (frozen, "no trainable parameter"),
        (lambda: (nn.Tanh(), loss, [1]), "no trainable parameter"),
        (
            lambda: (made()[0], lambda net, b: net(b[0]), made()[2]),
            r"must return a scalar tensor, not of shape \(100, 10\)",
        ),
        (
            lambda: (made()[0], lambda net, b: net(b[0]).detach().sum(), made()[2]),
            "has no gradient",
        ),
        (
            lambda: (made()[0], lambda net, b: 0.5, made()[2]),
            "must return a scalar tensor, not float",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(make, sentence):
    with pytest.raises(ConfigError, match=sentence):
        diagnose(make, steps=(0,), seeds=1)


def test_steps_and_seeds_must_make_sense():
    for wrong in ({"steps": ()}, {"steps": (-1,)}, {"seeds": 0}):
        with pytest.raises(ConfigError, match="diagnose needs"):
            diagnose(made, **wrong)
