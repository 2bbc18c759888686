"""What a GPU would refuse or wait for, on tensors without values: device "meta".

Each operation is looked at as it is dispatched. One with tensors of two devices is noted, unless it
copies; so is one that asks for a number, which the host would have to wait for.
"""

import contextlib
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from depthgauge.config import (
    Curvature,
    Dataset,
    Evaluation,
    Gradients,
    Look,
    Remedy,
    Signal,
    Spacing,
    StepSizes,
)
from depthgauge.datasets.prepared import Split, assemble
from depthgauge.datasets.shapeset import CLASSES, pool
from depthgauge.training import remedies
from depthgauge.training.block import Block
from depthgauge.training.descent import build_instruments, build_module
from depthgauge.training.diagonal_newton import DiagonalNewton
from depthgauge.training.schedule import Chunk
from depthgauge.training.torch_engine import TorchEngine
from depthgauge.training.updates import Frozen

REPLICAS = [(0, 0.1), (1, 0.1), (1, 0.1)]
COPIES = {torch.ops.aten.copy_.default, torch.ops.aten._to_copy.default}
NUMBER = torch.ops.aten._local_scalar_dense.default


class OneDevice(TorchDispatchMode):
    """Notes operations on two devices, and answers 1 where a number is asked for."""

    def __init__(self):
        super().__init__()
        self.mixed, self.waits = [], 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)]
        devices = {each.device.type for each in tensors if each.dim()}
        if func is NUMBER:
            self.waits += args[0].is_meta
            return 1 if args[0].is_meta else func(*args)
        if func in COPIES:
            return func(*args, **(kwargs or {}))
        if len(devices) > 1:
            self.mixed.append(str(func))
        return func(*args, **(kwargs or {}))


@pytest.fixture(params=["pool", "odd sizes", "stream", "all examples"])
def case(request, experiment, small_data):
    """(experiment, data): mini-batches of each kind."""
    if request.param != "stream":
        size = {"pool": 16, "odd sizes": 7, "all examples": 100}[request.param]
        return replace(experiment, batch_size=size), small_data
    firsts = {"train": 0, "validation": 1000, "test": 2000}
    splits = {name: Split(*pool(0, 120, first)) for name, first in firsts.items()}
    online = Dataset("shapeset", 127.5, 1.0, stream=True)
    data = assemble("shapeset", (32, 32), CLASSES, splits)
    return replace(experiment, dataset=online, l2=0.0), data


def started(experiment, data, kind=TorchEngine):
    """A module whose networks, examples and buffers are on the device meta."""
    return on_meta(build_module(Block(experiment, REPLICAS, "key", "cell"), data, kind))


def on_meta(module):
    module.to("meta")
    with OneDevice():  # second order asks whether it goes on from a checkpoint
        module.on_fit_start()
    return module


def ran(module):
    """A short chunk; what was noted."""
    with OneDevice() as seen:
        module.run(Chunk(0, 3))
    return seen


def test_the_check_sees_what_it_is_for():
    """Two devices in one product, and a number that is asked for."""
    here, there = torch.ones(2), torch.ones(2, device="meta")
    with OneDevice() as seen:
        assert float(there.sum()) == 1
        with contextlib.suppress(RuntimeError):  # which torch itself may refuse
            torch.add(there, here)
    assert len(seen.mixed) == 1 and seen.waits == 1


def test_a_step_stays_on_its_device_and_waits_for_nothing(case):
    """Plain descent on mini-batches of each kind, with L2 where there is a number of examples."""
    experiment, data = case
    seen = ran(started(experiment, data))
    assert (seen.mixed, seen.waits) == ([], 0)


@pytest.mark.parametrize(
    ("activation", "cost"), [("tanh", "nll"), ("softsign", "quadratic"), ("relu", "cross_entropy")]
)
def test_so_does_every_function(activation, cost, experiment, small_data):
    """Activations and costs that the test before this one does not have."""
    chosen = replace(experiment, activation=activation, cost=cost)
    seen = ran(started(chosen, small_data))
    assert (seen.mixed, seen.waits) == ([], 0)


def test_frozen_layers_do_not_wait_either(experiment, small_data):
    """They are copied back where they are."""
    kind = partial(TorchEngine, update=partial(Frozen, layers=1))
    seen = ran(started(experiment, small_data, kind))
    assert (seen.mixed, seen.waits) == ([], 0)


@pytest.mark.parametrize("curvature", Curvature)
def test_second_order_stays_on_its_device(curvature, experiment, small_data):
    """It asks at each step whether the curvature is due, and so waits."""
    settings = StepSizes(curvature=curvature, every=3, memory=0.7)
    kind = partial(TorchEngine, update=partial(DiagonalNewton, settings=settings))
    seen = ran(started(replace(experiment, l2=0.0, cost="nll"), small_data, kind))
    assert seen.mixed == [] and seen.waits >= 3


@pytest.mark.parametrize(
    "remedy",
    [
        Remedy(),
        Remedy(optimizer="adam", normalization="layer"),
        Remedy(optimizer="rmsprop", clip=0.5, residual=True),
        Remedy(optimizer="adagrad", normalization="batch", layer_rates=True),
    ],
    ids=["sgd", "adam", "rmsprop", "adagrad"],
)
def test_remedies_stay_on_their_device(remedy, experiment, small_data):
    """Autograd and a library's optimizers."""
    experiment = replace(experiment, procedure="remedies", cost="nll", l2=0.0, remedy=remedy)
    block = Block(experiment, REPLICAS, "key", "cell")
    assert ran(on_meta(remedies.build_module(block, small_data))).mixed == []


WATCHED = {
    "gradients": Gradients(every=10, images=20, per_neuron=True, batch=True, signals=True),
    "evaluation": Evaluation(every=10, splits=["validation", "test"]),
    "saturation": Look(every=10, spacing=Spacing.linear, images=20),
    "signal": Signal(every=10, spacing=Spacing.linear, images=20, histograms=3),
    "jacobians": Look(every=10, spacing=Spacing.linear, images=2),
    "output_speed": Look(every=10, spacing=Spacing.linear, images=20),
}
WAITING = {"saturation", "signal", "jacobians"}
"""They ask whether all values are finite, to leave diverged networks out."""


@pytest.mark.parametrize("name", WATCHED)
def test_a_measurement_stays_on_its_device(name, experiment, small_data):
    """And waits for nothing, but for those that must ask whether a network has diverged."""
    off = {"gradients": Gradients(every=0), "evaluation": Evaluation(every=0)}
    asked = replace(experiment, activation="tanh", cost="nll", **{**off, name: WATCHED[name]})
    module = started(asked, small_data)
    (instrument,) = build_instruments(asked, small_data)
    measure = instrument.prepare(module.engine)
    with OneDevice() as seen:
        values = measure()
    assert seen.mixed == [] and (seen.waits == 0 or name in WAITING)
    assert {each.device.type for each in values.values()} == {"meta"}
