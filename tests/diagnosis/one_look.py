"""One instrumented training step, with every delta kept for comparison."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from depthgauge.diagnosis.activity import Activity
from depthgauge.diagnosis.look import Instrument


class Keeping(Instrument):
    """An instrument that also keeps the deltas themselves."""

    def __init__(self, net):
        super().__init__(net)
        self._kept = []

    def delta_came(self, record, output, delta):
        if delta is not None:
            self._kept.append((record, delta.clone()))
        super().delta_came(record, output, delta)

    @property
    def deltas(self):
        names = {
            r: name
            for each in self.passes
            for r, name in zip(each.records, each.names, strict=True)
        }
        return {names[record]: delta for record, delta in self._kept if record in names}


def look_at(net, loss, optimizer=None):
    """Return the look at one step, and the deltas by the sites' names; `loss()` runs the net."""
    optimizer = optimizer or torch.optim.SGD(net.parameters(), lr=0.1)
    instrument = Keeping(net)
    instrument.attach()
    try:
        loss().backward()
        optimizer.step()
        instrument.stepped(0)
    finally:
        instrument.detach()
    looks = instrument.looks(0, Activity())
    assert len(looks) == 1
    return looks[0], instrument.deltas


def sites(look):
    """By name."""
    return {site.name: site for site in look.sites}


def dense(widths, activation, seed=0):
    """A plain multilayer perceptron."""
    torch.manual_seed(seed)
    layers = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


def batch(examples, width, classes=10, seed=1):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(examples, width, generator=generator)
    return x, torch.randint(0, classes, (examples,), generator=generator)


def cross_entropy(net, x, y):
    return lambda: functional.cross_entropy(net(x), y)
