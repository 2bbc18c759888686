"""What a look says of each site, against numpy, closed forms and the replica engine's probes."""

import math

import numpy as np
import pytest
import torch
from one_look import batch, cross_entropy, dense, look_at, sites
from scipy.special import expit
from torch import nn
from torch.nn import functional

from depthgauge.diagnosis import statistics
from depthgauge.diagnosis.activity import Activity
from depthgauge.diagnosis.functions import FUNCTIONS
from depthgauge.diagnosis.readings import Kind
from depthgauge.diagnosis.sites import roles
from depthgauge.probes import gradients

MODULES = [
    nn.Sigmoid(), nn.Tanh(), nn.Softsign(), nn.Hardtanh(-0.5, 2), nn.Hardsigmoid(), nn.ReLU(),
    nn.ReLU6(), nn.LeakyReLU(0.2), nn.PReLU(dtype=torch.float64), nn.ELU(1.5), nn.CELU(2.0),
    nn.SELU(), nn.GELU(), nn.SiLU(), nn.Mish(), nn.Softplus(2.0), nn.LogSigmoid(), nn.Hardswish(),
]  # fmt: skip


@pytest.mark.parametrize("module", MODULES, ids=lambda m: type(m).__name__)
def test_slopes_of_activations_are_those_that_autograd_finds(module):
    """Seen through an edge's parts: log10 of the root mean square of f'."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 50), module, nn.Linear(50, 10)).double()
    x = 3 * torch.randn(40, 6, dtype=torch.float64)
    y = torch.randint(0, 10, (40,))
    z = net[0](x).detach().requires_grad_()
    (slopes,) = torch.autograd.grad(module(z).sum(), z)
    look, _ = look_at(net, cross_entropy(net, x, y))
    expected = 0.5 * math.log10(float(slopes.square().mean()))
    assert sites(look)["0"].parts.slopes == pytest.approx(expected, abs=1e-6)


def test_functional_and_in_place_activations_and_methods_are_seen_too():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.a, self.b, self.c, self.d = (nn.Linear(8, 8) for _ in range(4))

        def forward(self, x):
            h = torch.tanh(self.a(x))
            h = functional.relu_(self.b(h))
            return self.d(self.c(h).sigmoid())

    look, _ = look_at(net := Net(), cross_entropy(net, *batch(16, 8, 8)))
    assert [site.activation for site in look.sites] == ["tanh", "relu", "sigmoid", None]


def test_an_unknown_function_leaves_the_edge_unsplit_and_the_signal_measured():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)

        def forward(self, x):
            return self.b(torch.sin(self.a(x)))

    look, _ = look_at(net := Net(), cross_entropy(net, *batch(16, 8, 8)))
    assert look.sites[0].parts is None and look.sites[0].activation is None
    assert math.isfinite(look.sites[0].signal)


def test_parts_add_up_and_each_is_its_closed_form():
    net = dense([6, 20, 20, 20, 10], nn.Sigmoid)
    x, y = batch(64, 6)
    weights = [net[i].weight.detach().double().numpy().copy() for i in (0, 2, 4, 6)]
    biases = [net[i].bias.detach().double().numpy().copy() for i in (0, 2, 4, 6)]
    look, _ = look_at(net, cross_entropy(net, x, y))
    a = x.double().numpy()
    for i, site in enumerate(look.sites[:3]):
        z = a @ weights[i].T + biases[i]
        slope = expit(z) * (1 - expit(z))
        after = weights[i + 1]
        assert site.parts.slopes == pytest.approx(0.5 * np.log10(np.mean(slope**2)), abs=1e-6)
        expected = 0.5 * np.log10(np.sum(after**2) / len(after))
        assert site.parts.weights == pytest.approx(expected, abs=1e-6)
        total = site.parts.weights + site.parts.slopes + site.parts.alignment
        assert total == pytest.approx(site.signal - look.sites[i + 1].signal, abs=1e-12)
        assert site.weight_variance == pytest.approx(np.mean(weights[i] ** 2), rel=1e-6)
        assert site.bias_variance == pytest.approx(np.mean(biases[i] ** 2), rel=1e-6)
        assert site.fan_in == weights[i].shape[1]
        a = expit(z)


@pytest.mark.parametrize("kind", ["layer", "batch", "group", "rms"])
def test_normalization_passes_back_what_its_closed_form_says(kind):
    """With random deltas |J^T d|^2 / |d|^2 is gamma^2 / sigma^2 (1 - 2 / n), RMS (1 - 1 / n)."""
    torch.manual_seed(0)
    n = 16
    norm = {
        "layer": nn.LayerNorm(n),
        "batch": nn.BatchNorm1d(n),
        "group": nn.GroupNorm(2, n),
        "rms": nn.RMSNorm(n),
    }[kind]
    nn.init.uniform_(norm.weight, 0.5, 2)
    net = nn.Sequential(nn.Linear(n, n), norm, nn.Linear(n, n))
    x = torch.randn(400, n)
    z = net[0](x).detach().requires_grad_()
    direction = torch.randn(400, n)
    (back,) = torch.autograd.grad(norm(z), z, direction)
    ratio = float(back.square().mean() / direction.square().mean())
    look, _ = look_at(net, cross_entropy(net, x, torch.randint(0, n, (400,))))
    assert look.sites[0].parts.normalization == pytest.approx(0.5 * math.log10(ratio), abs=0.02)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.inner, self.outer = nn.LayerNorm(12), nn.Linear(12, 24), nn.Linear(24, 12)

    def forward(self, x):
        return x + self.outer(torch.relu(self.inner(self.norm(x))))


def test_residual_blocks_show_the_share_of_their_branch():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(6, 12), nn.Sequential(Block(), Block(), Block()), nn.Linear(12, 10)
    )
    look, deltas = look_at(net, cross_entropy(net, *batch(16, 6)))
    blocks = [s for s in look.sites if s.kind is Kind.block]
    assert [b.name for b in blocks] == ["1.0", "1.1", "1.2"]
    assert {b.role for b in blocks} == {"*.*"}
    for here, there in (("1.0", "1.1"), ("1.1", "1.2"), ("0", "1.0")):
        branch = (deltas[here] - deltas[there]).double().square().sum()
        share = float(branch / deltas[there].double().square().sum())
        parts = sites(look)[here].parts
        assert parts.residual == pytest.approx(0.5 * math.log10(1 + share), abs=1e-9)
        total = sites(look)[here].signal - sites(look)[there].signal
        assert parts.residual + parts.alignment == pytest.approx(total, abs=1e-12)


def test_a_skip_in_an_activation_is_no_identity():
    class Clipped(Block):
        def forward(self, x):
            return torch.relu(super().forward(x))

    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 12), nn.Sequential(Clipped(), Clipped()), nn.Linear(12, 10))
    look, _ = look_at(net, cross_entropy(net, *batch(16, 6)))
    assert sites(look)["1.0"].parts is None


@pytest.mark.parametrize("cell", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("batch_first", [True, False])
def test_recurrent_modules_show_the_signal_at_each_time_step(cell, batch_first):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.recurrent = cell(3, 8, batch_first=batch_first)
            self.head = nn.Linear(8, 4)

        def forward(self, x):
            return self.head(
                self.recurrent(x)[0][:, -1] if batch_first else self.recurrent(x)[0][-1]
            )

    torch.manual_seed(1)
    x = torch.randn(5, 7, 3) if batch_first else torch.randn(7, 5, 3)
    y = torch.arange(5) % 4
    net = Net()
    given = x.clone().requires_grad_()
    functional.cross_entropy(net(given), y).backward()
    expected = {k: p.grad.clone() for k, p in net.named_parameters()}
    net.zero_grad()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.0)
    look, _ = look_at(net, cross_entropy(net, x, y), optimizer)
    assert all(torch.equal(p.grad, expected[k]) for k, p in net.named_parameters())
    energy = given.grad.double().square().sum(dim=(0, 2) if batch_first else (1, 2))
    times = sites(look)["recurrent"].time_signal
    assert times == pytest.approx([0.5 * math.log10(5 * float(e)) for e in energy], abs=1e-9)
    assert look.examples == 5 and not x.requires_grad


def test_saturation_is_the_share_of_slopes_below_a_tenth_of_the_steepest():
    net = dense([6, 30, 30, 10], nn.Tanh)
    x, y = batch(32, 6)
    x = 5 * x
    z = net[0](x).detach().numpy()
    look, _ = look_at(net, cross_entropy(net, x, y))
    expected = np.mean(1 / np.cosh(z.astype(float)) ** 2 < 0.1)
    assert look.sites[0].saturated == pytest.approx(expected, abs=1e-9) and expected > 0.1
    rectified = dense([6, 30, 10], nn.ReLU)
    look, _ = look_at(rectified, cross_entropy(rectified, x, y))
    assert look.sites[0].saturated is None  # half of them off is what a rectifier is for


def test_sameness_of_activations_is_numpys():
    net = dense([6, 8, 10], nn.Sigmoid)
    x, y = batch(16, 6)
    a = expit(net[0](x).detach().double().numpy())
    look, _ = look_at(net, cross_entropy(net, x, y))
    expected = 1 - np.sum(a.mean(0) ** 2) / np.mean(np.sum(a**2, axis=1))
    assert look.sites[0].sameness == pytest.approx(expected, rel=1e-5)
    inputs = x.double().numpy()
    expected = 1 - np.sum(inputs.mean(0) ** 2) / np.mean(np.sum(inputs**2, axis=1))
    assert look.input_sameness == pytest.approx(expected, rel=1e-5)


def test_symmetry_is_one_for_equal_rows_and_left_out_for_a_single_input():
    rows = torch.randn(1, 5).expand(4, 5) * torch.tensor([[1.0], [2.0], [-1.0], [0.5]])
    assert float(statistics.symmetry(rows)) == pytest.approx(1)
    assert statistics.symmetry(torch.randn(4, 1)) is None
    w = torch.randn(6, 5, dtype=torch.float64)
    cos = [
        abs(float(a @ b)) / float(a.norm() * b.norm())
        for i, a in enumerate(w)
        for j, b in enumerate(w)
        if i != j
    ]
    assert float(statistics.symmetry(w)) == pytest.approx(np.mean(cos))


def test_dead_channels_of_convolutions_are_counted_by_channel():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))
    with torch.no_grad():
        net[0].bias[:3] = torch.tensor([-99.0, -99.0, 99.0])
    x, y = batch(8, 64)
    look, _ = look_at(net, cross_entropy(net, x.view(8, 1, 8, 8), y))
    assert (look.sites[0].dead, look.sites[0].dead_examples) == (0.5, 8)


def test_grouped_and_transposed_convolutions_know_their_fan_in_and_weights_part():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(4, 8, 3, groups=2),
        nn.ReLU(),
        nn.ConvTranspose2d(8, 6, 3, groups=2),
        nn.ReLU(),
        nn.Conv2d(6, 5, 1),
    )
    w = [net[i].weight.detach().double().numpy().copy() for i in (0, 2, 4)]
    x = torch.randn(64, 4, 6, 6)
    look, _ = look_at(net, lambda: net(x).square().mean())
    assert [s.fan_in for s in look.sites] == [18, 36, 6]
    variances = [np.mean(each**2) for each in w]
    assert [s.weight_variance for s in look.sites] == pytest.approx(variances, rel=1e-6)
    assert look.sites[0].parts.weights == pytest.approx(0.5 * np.log10(np.sum(w[1] ** 2) / 6))


def test_units_that_die_late_are_found_once_a_thousand_examples_have_seen_them_dead():
    activity = Activity()
    on, off = np.array([1.0, 1.0]), np.array([1.0, 0.0])
    assert activity.add("", "a", on, 600) == (0.0, 600)
    assert activity.add("", "a", off, 600) == (0.0, 1200)
    assert activity.add("", "a", off, 600) == (0.5, 1200)
    assert activity.add("", "b", on, 600) == (0.0, 600)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.AdamW, torch.optim.RMSprop])
def test_update_ratios_are_those_of_the_weights_before_and_after(optimizer):
    net = dense([6, 8, 10], nn.Tanh)
    before = net[0].weight.detach().double().numpy().copy()
    look, _ = look_at(
        net, cross_entropy(net, *batch(8, 6)), optimizer(net.parameters(), 0.01, weight_decay=0.1)
    )
    change = net[0].weight.detach().double().numpy() - before
    expected = np.linalg.norm(change) / np.linalg.norm(before)
    assert look.sites[0].update_ratio == pytest.approx(expected, rel=1e-5)


def test_sparse_gradients_of_embeddings_do_no_harm():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Embedding(9, 4, sparse=True), nn.Flatten(), nn.Linear(12, 10))
    x, y = torch.randint(0, 9, (8, 3)), torch.arange(8)
    look, _ = look_at(net, cross_entropy(net, x, y))
    assert look.problem is None and look.sites[0].update_ratio > 0
    repeated = torch.sparse_coo_tensor([[1, 1]], [3.0, 1.0], (4,), check_invariants=True)
    assert float(statistics.square(repeated)) == pytest.approx(16)


def test_parametrized_weights_are_those_of_the_call_and_nothing_runs_once_more():
    torch.manual_seed(0)
    net = dense([6, 8, 10], nn.Tanh)
    nn.utils.parametrizations.spectral_norm(net[0])
    twin = dense([6, 8, 10], nn.Tanh)
    torch.manual_seed(0)
    nn.utils.parametrizations.spectral_norm(twin[0])
    twin.load_state_dict(net.state_dict())
    x, y = batch(8, 6)
    look, _ = look_at(net, cross_entropy(net, x, y))
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1)
    functional.cross_entropy(twin(x), y).backward()
    optimizer.step()
    for key, value in twin.state_dict().items():
        assert torch.equal(net.state_dict()[key], value), key  # power iterations among them
    assert look.sites[0].update_ratio > 0
    assert 8 * 6 * look.sites[0].weight_variance < 8  # each singular value at most about 1


def test_roles_are_shared_by_the_same_place_of_repeated_blocks_alone():
    kinds = [Kind.linear] * 4
    assert roles(["a.0.one", "a.1.one", "a.0.two", "b"], kinds) == [
        "a.*.one",
        "a.*.one",
        "a.0.two",
        "b",
    ]
    assert roles(["fc1", "fc2", "0", "2"], kinds) == ["fc*", "fc*", "*", "*"]
    mixed = [Kind.convolution, Kind.convolution, Kind.linear, Kind.linear]
    assert roles(["0", "1", "3", "4"], mixed) == ["* (convolution)"] * 2 + ["* (linear)"] * 2
    assert roles(["s.0.a1", "s.0.a2"], kinds[:2]) == ["s.0.a1", "s.0.a2"]


def nielsen():
    """Sigmoid layers, quadratic cost, weights N(0, 1 / fan-in)."""
    net = dense([64, 30, 30, 30, 30, 10], nn.Sigmoid)
    for layer in net[::2]:
        nn.init.normal_(layer.weight, std=1 / math.sqrt(layer.in_features))
        nn.init.normal_(layer.bias)
    return (
        net,
        lambda x, y: ((torch.sigmoid(net(x)) - functional.one_hot(y, 10)) ** 2).sum(1).mean() / 2,
    )


def glorot():
    """Five tanh layers with the standard initialization, softmax output."""
    net = dense([64, 50, 50, 50, 50, 50, 10], nn.Tanh)
    for layer in net[::2]:
        bound = 1 / math.sqrt(layer.in_features)
        nn.init.uniform_(layer.weight, -bound, bound)
        nn.init.zeros_(layer.bias)
    return net, lambda x, y: functional.cross_entropy(net(x), y)


@pytest.mark.parametrize("made", [nielsen, glorot])
def test_signals_are_those_of_the_replica_engines_probes(made):
    """Deltas by hand-written backpropagation; |delta| by the probes' own functions."""
    net, loss = made()
    x, y = batch(100, 64)
    x = x.abs()
    layers = [(m.weight.detach().double(), m.bias.detach().double()) for m in net[::2]]
    f, slope = {
        "nielsen": (torch.sigmoid, lambda a: a * (1 - a)),
        "glorot": (torch.tanh, lambda a: 1 - a * a),
    }[made.__name__]
    activations, a = [], x.double()
    for w, b in layers:
        z = a @ w.T + b
        activations.append(a := f(z))
    target = functional.one_hot(y, 10)
    quadratic, logistic = (a - target) * slope(a), torch.softmax(z, dim=1) - target
    delta = quadratic if made is nielsen else logistic
    deltas = [delta]
    for (w, _), below in zip(layers[:0:-1], activations[-2::-1], strict=True):
        deltas.insert(0, (deltas[0] @ w) * slope(below))
    look, seen = look_at(net, lambda: loss(x, y))
    for site, expected in zip(look.sites, deltas, strict=True):
        energy = float(expected.square().sum(dim=1).mean())
        assert site.signal == pytest.approx(0.5 * math.log10(energy), abs=1e-6)
    mine = [100 * seen[s.name].unsqueeze(0).double() for s in look.sites]
    theirs = [each.unsqueeze(0) for each in deltas]
    for probe in (gradients.layer_speeds, gradients.delta_rms):
        assert torch.allclose(probe(mine), probe(theirs), rtol=1e-5, atol=0)


def test_every_known_activation_is_tested():
    names = {type(m).__name__.lower() for m in MODULES}
    assert {name.replace("_", "") for name in FUNCTIONS} <= names
