"""A look stays on the network's device; device "meta", without values, stands for a GPU."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from depthgauge.diagnosis.callback import GradientFlow
from depthgauge.diagnosis.findings import Remedy
from depthgauge.diagnosis.look import Instrument
from depthgauge.diagnosis.parts import agree
from depthgauge.diagnosis.remedies import REMEDIES, Setup
from depthgauge.diagnosis.statistics import symmetry
from depthgauge.diagnosis.study_network import study_network

sys.path.append(str(Path(__file__).parents[1] / "gpu"))
from diagnosis_checks import CHECKS, DROPS, KINDS, batch, cost, made


@pytest.mark.filterwarnings("default")  # of Lightning, about devices and precision
@pytest.mark.parametrize("name", CHECKS)
def test_what_is_checked_on_a_gpu_holds_on_the_cpu(name, tmp_path):
    """What tests/gpu/diagnosis_checks.py says of each."""
    CHECKS[name]("cpu", tmp_path)


@pytest.mark.parametrize("kind", [*KINDS.values(), DROPS], ids=[*KINDS, "dropout"])
def test_numbers_stay_on_the_device_and_nothing_asks_for_one(kind):
    """Torch raises where a number of a tensor without values is asked for."""
    net = made(kind, "meta")
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    instrument = Instrument(net)
    instrument.attach()
    try:
        cost(net, batch("meta")).backward()
        optimizer.step()
        instrument.stepped(0)
    finally:
        instrument.detach()
    assert instrument.problem is None
    (each,) = instrument.passes
    numbers = [t for r in each.records for t in r.numbers.values()] + list(each.numbers.values())
    assert len(numbers) > 10 and {t.device.type for t in numbers} == {"meta"}
    assert any("slopes" in r.numbers for r in each.records) or kind is KINDS["recurrent"]


@pytest.mark.parametrize("remedy", [Remedy.layer_norm, Remedy.batch_norm])
@pytest.mark.parametrize("place", [("cpu", torch.float64), ("meta", torch.float32)])
def test_a_normalization_is_where_its_layer_is_and_has_its_precision(remedy, place):
    """A float64 network on the CPU could not be run with one of float32."""
    device, dtype = place
    net = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).to(device, dtype)
    setup = Setup(net, lambda net, x: net(x).sum(), None, torch.optim.SGD(net.parameters(), 0.1))
    assert REMEDIES[remedy](setup)
    assert net(torch.ones(4, 3, dtype=dtype, device=device)).dtype is dtype
    assert len(list(net.parameters())) == 6
    assert {(p.device.type, p.dtype) for p in net.parameters()} == {(device, dtype)}


def test_autocast_does_not_round_the_symmetry_of_units():
    """The same digits inside autocast as outside."""
    weight = torch.randn(20, 30, generator=torch.Generator().manual_seed(0))
    expected = symmetry(weight)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(symmetry(weight), expected)


def test_a_studys_network_is_where_its_weights_are():
    net = study_network([torch.ones(2, 3, device="meta")], [torch.ones(2, device="meta")], "tanh")
    assert {p.device.type for p in net.parameters()} == {"meta"}


def three_with(*numbers):
    """The mean over three processes as NCCL takes it: each multiplies by 1/3, then they add."""

    def reduce(_):
        each = [torch.tensor([n, n**2], dtype=torch.float64) * (1 / 3) for n in numbers]
        return each[0] + each[1] + each[2]

    return reduce


def test_processes_that_read_the_same_agree_though_their_mean_is_rounded():
    for n in range(1, 3_000):
        agree(n, three_with(n, n, n))


def test_processes_that_read_different_things_do_not_agree():
    with pytest.raises(RuntimeError, match="differ"):
        agree(5_000, three_with(5_000, 5_000, 5_001))
    with pytest.raises(RuntimeError, match="differ"):
        agree(0, three_with(0, 0, 0))


def test_processes_average_on_their_own_devices():
    """NCCL reduces tensors of its GPU alone; what the user holds is not written to."""
    seen = []

    def reduce(tensor, reduce_op):
        seen.append((tensor.device.type, reduce_op))
        return tensor

    strategy = SimpleNamespace(root_device=torch.device("meta"), reduce=reduce)
    trainer = SimpleNamespace(strategy=strategy, world_size=2, optimizers=[], global_step=0)
    flow = GradientFlow(page=None)
    flow.on_train_start(trainer, nn.Linear(2, 2))
    flow._recorder._reduce(torch.ones(2))
    assert seen == [("meta", "mean")]
