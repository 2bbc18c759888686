"""`watch` looks at a plain loop and changes nothing of it."""

import copy
import logging
import math
import pickle
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from one_look import batch, dense
from test_look_deltas import convolutional
from torch import nn
from torch.nn import functional
from torch.optim.lr_scheduler import StepLR

import depthgauge
from depthgauge import watch
from depthgauge.diagnosis.look import Instrument
from depthgauge.errors import ConfigError


class Recurrent(nn.Module):
    def __init__(self, cell):
        super().__init__()
        torch.manual_seed(0)
        self.recurrent = cell(4, 8, 2, batch_first=True, dropout=0.2)
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        return self.head(self.recurrent(x.view(-1, 16, 4))[0][:, -1])


class Convolutional(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = convolutional()

    def forward(self, x):
        return self.inner(x.view(-1, 1, 8, 8))


NETS = {
    "dense": lambda: dense([64, 20, 20, 10], lambda: nn.ReLU(True)),
    "convolutional": Convolutional,
    "RNN": lambda: Recurrent(nn.RNN),
    "GRU": lambda: Recurrent(nn.GRU),
    "LSTM": lambda: Recurrent(nn.LSTM),
}


def train(net, optimizer, steps=5, watched=True, every=100):
    torch.manual_seed(9)
    losses = []
    with watch(net, optimizer, every) if watched else nullcontext() as flow:
        for step in range(steps):
            x, y = batch(16, 64, seed=step)
            loss = functional.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
    return flow, losses, torch.rand(1)


@pytest.mark.parametrize("made", NETS.values(), ids=NETS)
def test_training_is_the_same_to_the_last_bit(made):
    def run(watched):
        torch.manual_seed(0)
        net = made()
        found = train(net, torch.optim.Adam(net.parameters(), 1e-2), watched=watched)
        return net, *found

    net, flow, losses, drawn = run(True)
    twin, _, expected, drawn_without = run(False)
    assert losses == expected and drawn == drawn_without
    for one, other in zip(net.state_dict().values(), twin.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    assert [look.problem for look in flow.looks] == [None] * 4
    assert [look.loss for look in flow.looks] == [expected[i] for i in (0, 1, 2, 4)]


def test_looks_come_at_powers_of_two_and_every_so_often_and_leave_no_hook():
    net = dense([64, 8, 10], nn.Tanh)
    flow, *_ = train(net, torch.optim.SGD(net.parameters(), 0.1), steps=14, every=6)
    assert [look.step for look in flow.looks] == [0, 1, 2, 4, 6, 12]
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
    assert not torch.overrides.has_torch_function((torch.ones(1),))


def test_an_interrupted_loop_leaves_no_hook():
    net = dense([64, 8, 10], nn.Tanh)
    with pytest.raises(KeyboardInterrupt), watch(net, torch.optim.SGD(net.parameters(), 0.1)):
        net(batch(4, 64)[0])
        raise KeyboardInterrupt
    assert not any(m._forward_hooks for m in net.modules())
    assert not torch.overrides.has_torch_function((torch.ones(1),))


def test_an_exception_of_ours_is_said_once_and_the_training_goes_on(monkeypatch, caplog):
    def broken(self, *args):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(Instrument, "_record", broken)
    net = dense([64, 8, 10], nn.Tanh)
    with caplog.at_level(logging.WARNING, "depthgauge"):
        flow, losses, _ = train(net, torch.optim.SGD(net.parameters(), 0.1))
    assert len(losses) == 5 and losses[-1] != losses[0]
    assert [look.problem for look in flow.looks] == ["ZeroDivisionError: a bug"]
    assert len(caplog.records) == 1 and "a bug" in caplog.text


def test_a_network_without_sites_is_said_to_have_none(caplog):
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = nn.Parameter(torch.ones(10))

        def forward(self, x):
            return x[:, :10] * self.gain

    net = Scale()
    flow, *_ = train(net, torch.optim.SGD(net.parameters(), 0.1))
    (problem,) = {look.problem for look in flow.looks}
    assert problem.startswith("the network has no dense, convolutional, recurrent, attention")
    assert len(caplog.records) == 1
    assert flow.verdicts[0].finding.value == "cannot be judged"


def test_the_last_of_several_accumulated_backward_passes_is_shown():
    net = dense([64, 8, 10], nn.Tanh)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    with watch(net, optimizer) as flow:
        for step in range(2):
            for part in range(3):
                x, y = batch(16, 64, seed=10 * step + part)
                loss = functional.cross_entropy(net(x), y) / 3
                loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            assert flow.looks[-1].loss == loss.item()
    assert [(look.step, look.profile) for look in flow.looks] == [(0, ""), (1, "")]


def test_lbfgs_counts_one_step_though_it_runs_the_closure_often():
    net = dense([64, 8, 10], nn.Tanh)
    optimizer = torch.optim.LBFGS(net.parameters(), max_iter=4)
    x, y = batch(16, 64)

    def closure():
        optimizer.zero_grad()
        loss = functional.cross_entropy(net(x), y)
        loss.backward()
        return loss

    with watch(net, optimizer) as flow:
        for _ in range(3):
            optimizer.step(closure)
    assert [look.step for look in flow.looks] == [0, 1, 2]
    assert all(look.sites[0].update_ratio > 0 for look in flow.looks)


@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW])
@pytest.mark.parametrize("scaled", [False, True])
def test_fused_optimizers_show_what_plain_ones_do(make, scaled):
    """A fused optimizer divides by the scaler's factor within its step, after the looks' deltas."""

    def run(fused):
        net = dense([64, 8, 8, 10], nn.Tanh)
        optimizer = make(net.parameters(), 1e-2, fused=fused)
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16, enabled=scaled)
        with watch(net, optimizer, scaler=scaler) as flow:
            for step in range(3):
                x, y = batch(16, 64, seed=step)
                scaler.scale(functional.cross_entropy(net(x), y)).backward()
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad()
        return flow.looks

    for one, other in zip(run(True), run(False), strict=True):
        assert one.problem is None and one.loss == pytest.approx(other.loss, rel=1e-5)
        for site, twin in zip(one.sites, other.sites, strict=True):
            assert site.signal == pytest.approx(twin.signal, abs=1e-5)
            assert site.update_ratio == pytest.approx(twin.update_ratio, rel=1e-3)


@pytest.fixture
def one_process():
    """A group of one process, for networks that are split over processes."""
    dist = torch.distributed
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("one_process")
def test_a_network_split_over_processes_is_refused_in_a_sentence():
    net = dense([64, 8, 10], nn.Tanh)
    mesh = torch.distributed.device_mesh.init_device_mesh("cpu", (1,))
    torch.distributed.fsdp.fully_shard(net, mesh=mesh)
    with (
        pytest.raises(ConfigError, match="which is split over processes"),
        watch(net, torch.optim.SGD(net.parameters(), 0.1)),
    ):
        pass


def test_two_optimizers_have_a_profile_for_each_backward_pass():
    """A GAN: the discriminator's pass, then the generator's through both."""
    torch.manual_seed(0)
    net = nn.ModuleDict({"g": dense([4, 8, 6], nn.ReLU), "d": dense([6, 8, 1], nn.ReLU)})
    optimizers = [torch.optim.Adam(net[k].parameters(), 1e-3) for k in ("d", "g")]
    with watch(net, optimizers) as flow:
        for _ in range(3):
            fake = net["g"](torch.randn(8, 4))
            loss = net["d"](fake.detach()).mean() - net["d"](torch.randn(8, 6)).mean()
            optimizers[0].zero_grad()
            loss.backward()
            optimizers[0].step()
            optimizers[1].zero_grad()
            (-net["d"](fake).mean()).backward()
            optimizers[1].step()
    first = [look for look in flow.looks if look.step == 0]
    assert [look.profile for look in first] == [
        "optimizer 0, backward 0",
        "optimizer 1, backward 0",
    ]
    assert {s.name for s in first[0].sites} == {"d.0", "d.2", "d.0 (call 2)", "d.2 (call 2)"}
    assert [(s.name, s.depth) for s in first[1].sites] == [
        ("g.0", 3),
        ("g.2", 2),
        ("d.0", 1),
        ("d.2", 0),
    ]
    assert [look.step for look in flow.looks] == [0, 0, 1, 1, 2, 2]


def test_a_gradient_penalty_inside_the_loss_is_not_taken_for_the_backward_pass():
    net = dense([6, 8, 1], nn.Tanh)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    x = torch.randn(8, 6, requires_grad=True)
    with watch(net, optimizer) as flow:
        out = net(x)
        (slope,) = torch.autograd.grad(out.sum(), x, create_graph=True)
        loss = out.mean() + slope.square().sum(1).mean()
        loss.backward()
        optimizer.step()
    assert flow.looks[0].loss == loss.item() and flow.looks[0].problem is None


@pytest.mark.parametrize("scale", [2.0**16])
def test_mixed_precision_shows_signals_and_loss_without_the_scalers_factor(scale):
    def run(scaled):
        net = dense([64, 8, 8, 10], nn.Tanh)
        optimizer = torch.optim.SGD(net.parameters(), 0.1)
        scaler = torch.amp.GradScaler("cpu", init_scale=scale, enabled=scaled)
        with watch(net, optimizer, scaler=scaler) as flow:
            x, y = batch(16, 64)
            scaler.scale(functional.cross_entropy(net(x), y)).backward()
            scaler.step(optimizer)
            scaler.update()
        return flow.looks[0]

    for one, other in zip(run(True).sites, run(False).sites, strict=True):
        assert one.signal == pytest.approx(other.signal, abs=1e-6)
    assert run(True).loss == pytest.approx(run(False).loss, rel=1e-6)


def test_a_step_that_the_scaler_skips_is_not_shown():
    net = dense([64, 8, 10], nn.Tanh)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)
    with watch(net, optimizer, scaler=scaler) as flow:
        for factor in (math.inf, 1.0):
            x, y = batch(16, 64)
            scaler.scale(functional.cross_entropy(net(x), y) * factor).backward()
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
    (look,) = flow.looks
    assert math.isfinite(look.loss) and look.step == 0
    assert math.isfinite(look.sites[0].signal)


def test_copies_and_pickles_of_a_watched_network_are_free_of_the_instrument():
    net = dense([64, 8, 10], nn.Tanh)
    x, _ = batch(4, 64)
    with watch(net, torch.optim.SGD(net.parameters(), 0.1)) as flow:
        for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
            assert torch.equal(twin(x), net(x))
            twin(x).sum().backward()
    assert flow.looks == ()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (lambda net, sgd: (sgd, net), "needs a torch.nn.Module first, not a SGD"),
        (lambda net, sgd: (net, net.parameters()), "torch.optim.Optimizer second, not a Parameter"),
        (lambda net, sgd: (net, StepLR(sgd, 1)), "torch.optim.Optimizer second, not a StepLR"),
        (lambda net, sgd: (net, []), "torch.optim.Optimizer second, and got none"),
        (lambda net, sgd: (net, sgd, 0), "every=0 steps between"),
        (lambda net, sgd: (net, sgd, 2.5), "every=2.5 steps between"),
        (lambda net, sgd: (net, sgd, 100, 65536.0), "torch.amp.GradScaler, not 65536.0"),
    ],
)
def test_arguments_of_another_type_are_refused_in_a_sentence(given, sentence):
    net = dense([64, 8, 10], nn.Tanh)
    arguments = given(net, torch.optim.SGD(net.parameters(), 0.1))
    with pytest.raises(ConfigError, match=sentence), watch(*arguments):
        pass


def test_an_optimizer_of_other_weights_is_said_to_change_nothing():
    net, other = dense([64, 8, 8, 10], nn.Tanh), dense([64, 8, 10], nn.Tanh)
    flow, *_ = train(net, torch.optim.SGD(other.parameters(), 0.1))
    (verdict,) = [v for v in flow.verdicts if v.finding.value == "step too small"]
    assert "Check that the optimizer was given these weights" in verdict.sentence


def test_without_a_step_of_the_optimizer_the_reason_is_said():
    net = dense([64, 8, 10], nn.Tanh)
    with watch(net, torch.optim.SGD(net.parameters(), 0.1)) as flow:
        net(batch(4, 64)[0]).sum().backward()
    assert "one ends with a step of the optimizer" in flow.verdicts[0].sentence


def test_steps_without_a_look_cost_four_calls_of_ours_and_no_hook_on_a_module():
    net = dense([64, 8, 10], nn.Tanh)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    calls = []
    ours = Path(depthgauge.__file__).parent

    def note(frame, event, _):
        if event == "call" and ours in Path(frame.f_code.co_filename).parents:
            calls.append(frame.f_code.co_name)

    def step():
        optimizer.zero_grad()
        functional.cross_entropy(net(x), y).backward()
        optimizer.step()

    x, y = batch(16, 64)
    with watch(net, optimizer, every=1000):
        for _ in range(6):
            step()
        assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())
        assert not torch.overrides.has_torch_function((x,))
        sys.setprofile(note)
        step()
        sys.setprofile(None)
    assert len(calls) <= 4, calls


def test_the_package_loads_no_torch_and_watch_no_lightning():
    code = (
        "import sys, depthgauge; assert 'torch' not in sys.modules; depthgauge.watch; "
        "heavy = {'pytorch_lightning', 'lightning', 'hydra', 'mlflow', 'dvc', 'numba'}; "
        "assert 'torch' in sys.modules and not heavy & set(sys.modules), heavy & set(sys.modules); "
        "assert dir(depthgauge) == ['GradientFlow', '__version__', 'diagnose', 'watch']; "
        "depthgauge.diagnose; assert not heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
