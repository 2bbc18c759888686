"""Deltas are those that autograd's retain_grad keeps, to the last bit, whatever the network is."""

import math

import pytest
import torch
from one_look import batch, cross_entropy, dense, look_at, sites
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from depthgauge.diagnosis.activity import Activity
from depthgauge.diagnosis.look import Instrument


def retained(net, loss, modules):
    """The same deltas by retain_grad, from clones that in-place functions leave alone."""
    kept = {}

    def keep(name):
        def hook(module, args, output):
            z = output[0] if isinstance(output, tuple) else output
            z.retain_grad()
            kept[name] = z
            # an in-place function must not overwrite the tensor whose gradient is kept
            copied = z.clone()
            return (copied, *output[1:]) if isinstance(output, tuple) else copied

        return hook

    handles = [module.register_forward_hook(keep(name)) for name, module in modules.items()]
    loss().backward()
    for handle in handles:
        handle.remove()
    net.zero_grad()
    return {name: z.grad for name, z in kept.items()}


def check(net, loss, names):
    modules = {name: net.get_submodule(name) for name in names}
    state = {k: v.clone() for k, v in net.state_dict().items()}
    torch.manual_seed(3)
    expected = retained(net, loss, modules)
    net.load_state_dict(state)
    torch.manual_seed(3)
    look, deltas = look_at(net, loss)
    assert look.problem is None
    for name in names:
        assert torch.equal(deltas[name], expected[name]), name
        total = float((expected[name].double() ** 2).sum())
        expectation = 0.5 * math.log10(look.examples * total)
        assert sites(look)[name].signal == pytest.approx(expectation, abs=1e-9)
    return look


@pytest.mark.parametrize("inplace", [False, True])
def test_dense_with_in_place_activations(inplace):
    net = dense([6, 8, 8, 8, 10], lambda: nn.ReLU(inplace))
    look = check(net, cross_entropy(net, *batch(16, 6)), ["0", "2", "4", "6"])
    assert [site.depth for site in look.sites] == [3, 2, 1, 0]
    assert [site.output for site in look.sites] == [False, False, False, True]


def test_statistics_are_those_of_z_before_an_in_place_activation():
    net = dense([6, 8, 10], lambda: nn.ReLU(True))
    x, y = batch(16, 6)
    z = net[0](x).detach()
    look, _ = look_at(net, cross_entropy(net, x, y))
    site = sites(look)["0"]
    assert site.rms == pytest.approx(float(z.double().square().mean().sqrt()), rel=1e-6)
    assert site.dead == pytest.approx(float((z <= 0).all(dim=0).double().mean()))


def convolutional():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(True),
        nn.Conv2d(4, 4, 3, padding=1),
        nn.ReLU(True),
        nn.MaxPool2d(2),
        nn.Dropout(0.3),
        nn.Flatten(),
        nn.Linear(36, 10),
    )


def test_convolutions_with_batch_norm_and_dropout():
    net = convolutional()
    x, y = batch(8, 64)
    check(net, cross_entropy(net, x.view(8, 1, 8, 8), y), ["0", "3", "8"])


class Transformer(nn.Module):
    """Tokens in, classes out; pre- or post-norm."""

    def __init__(self, norm_first=True):
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(11, 8)
        layer = nn.TransformerEncoderLayer(
            8, 2, 16, dropout=0.1, batch_first=True, norm_first=norm_first
        )
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(8, 3)

    def forward(self, tokens):
        return self.head(self.encoder(self.embedding(tokens)).mean(dim=1))


def tokens():
    generator = torch.Generator().manual_seed(2)
    return torch.randint(0, 11, (6, 5), generator=generator), torch.arange(6) % 3


@pytest.mark.parametrize("norm_first", [True, False])
def test_attention_is_seen_at_the_module_not_at_its_inner_projection(norm_first):
    net = Transformer(norm_first)
    names = ["embedding", "head"] + [
        f"encoder.layers.{i}{part}"
        for i in (0, 1)
        for part in (".self_attn", ".linear1", ".linear2", "")
    ]
    look = check(net, cross_entropy(net, *tokens()), names)
    assert set(sites(look)) == set(names)
    assert sites(look)["encoder.layers.0.linear1"].role == "encoder.layers.*.linear1"


def test_nothing_is_looked_at_in_evaluation_mode():
    net = Transformer()
    net.eval()
    x, y = tokens()
    look, deltas = look_at(net, cross_entropy(net, x, y))
    assert look.sites == () and not deltas
    assert look.problem is not None and "training mode" in look.problem


class Branches(nn.Module):
    """A short and a long way; the long one is called last."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Linear(6, 8)
        self.short = nn.Linear(8, 8)
        self.first, self.second, self.third = (nn.Linear(8, 8) for _ in range(3))
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        h = torch.tanh(self.stem(x))
        long = self.third(torch.tanh(self.second(torch.tanh(self.first(h)))))
        return self.head(torch.tanh(long + self.short(h)))


def test_depth_is_the_longest_path_not_the_order_of_calls():
    net = Branches()
    look = check(net, cross_entropy(net, *batch(8, 6)), ["stem", "short", "first", "head"])
    depth = {site.name: site.depth for site in look.sites}
    assert depth == {"stem": 4, "first": 3, "second": 2, "third": 1, "short": 1, "head": 0}
    assert sites(look)["stem"].parts is None  # two sites read it
    assert sites(look)["first"].parts is not None


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.layer, self.head = nn.Linear(6, 8), nn.Linear(8, 8), nn.Linear(8, 10)

    def forward(self, x):
        h = torch.tanh(self.stem(x))
        for _ in range(3):
            h = torch.tanh(self.layer(h))
        return self.head(h)


def test_each_call_of_a_shared_module_is_a_site_of_its_own():
    net = Shared()
    x, y = batch(8, 6)
    look, deltas = look_at(net, cross_entropy(net, x, y))
    zs = []
    assert [site.name for site in look.sites] == [
        "stem",
        "layer",
        "layer (call 2)",
        "layer (call 3)",
        "head",
    ]
    net = Shared()
    h = torch.tanh(net.stem(x))
    for _ in range(3):
        zs.append(net.layer(h))
        zs[-1].retain_grad()
        h = torch.tanh(zs[-1])
    functional.cross_entropy(net.head(h), y).backward()
    for name, z in zip(["layer", "layer (call 2)", "layer (call 3)"], zs, strict=True):
        assert torch.equal(deltas[name], z.grad)


class Checkpointed(nn.Module):
    def __init__(self, reentrant):
        super().__init__()
        torch.manual_seed(0)
        self.reentrant = reentrant
        self.stem, self.head = nn.Linear(6, 8), nn.Linear(8, 10)
        self.inner = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh())

    def forward(self, x):
        h = torch.tanh(self.stem(x))
        if self.reentrant is None:
            return self.head(self.inner(h))
        return self.head(checkpoint(self.inner, h, use_reentrant=self.reentrant))


@pytest.mark.parametrize("reentrant", [False, True])
def test_activation_checkpoints_show_what_the_plain_network_shows(reentrant):
    x, y = batch(8, 6)
    plain, there = look_at(net := Checkpointed(None), cross_entropy(net, x, y))
    saved, here = look_at(net := Checkpointed(reentrant), cross_entropy(net, x, y))
    assert [s.name for s in saved.sites] == ["stem", "inner.0", "inner.2", "head"]
    assert [s.depth for s in saved.sites] == [3, 2, 1, 0]
    for one, other in zip(saved.sites, plain.sites, strict=True):
        assert torch.equal(here[one.name], there[one.name])
        assert one.signal == other.signal


def test_frozen_layers_are_said_to_be_and_have_no_signal():
    net = dense([6, 8, 8, 10], nn.Tanh)
    net[0].requires_grad_(False)
    look = check(net, cross_entropy(net, *batch(8, 6)), ["2", "4"])
    site = sites(look)["0"]
    assert site.frozen and site.signal is None and site.update_ratio is None
    assert [s.depth for s in look.sites] == [2, 1, 0]


def test_layers_under_no_grad_leave_the_rest_as_it_is():
    net = dense([6, 8, 8, 10], nn.Tanh)
    x, y = batch(8, 6)

    def loss():
        with torch.no_grad():
            h = net[1](net[0](x))
        return functional.cross_entropy(net[2:](h), y)

    look, _ = look_at(net, loss)
    assert [s.name for s in look.sites] == ["2", "4"] and look.problem is None


def test_a_zero_output_layer_gives_no_signal_at_the_first_step_and_is_the_output():
    net = dense([6, 8, 8, 10], nn.Tanh)
    nn.init.zeros_(net[4].weight)
    look, _ = look_at(net, cross_entropy(net, *batch(8, 6)))
    assert [s.signal for s in look.sites[:2]] == [-math.inf, -math.inf]
    assert look.sites[2].output and math.isfinite(look.sites[2].signal)


def test_lazy_modules_are_read_once_they_have_their_weights():
    torch.manual_seed(0)
    net = nn.Sequential(nn.LazyLinear(8), nn.Tanh(), nn.LazyLinear(10))
    x, y = batch(8, 6)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    look, _ = look_at(net, cross_entropy(net, x, y), optimizer)
    assert [s.units for s in look.sites] == [8, 10]
    assert all(s.update_ratio > 0 for s in look.sites)


def test_a_loss_that_adds_up_examples_gives_the_same_signal_as_one_that_averages():
    x, y = batch(8, 6)
    net = dense([6, 8, 10], nn.Tanh)
    averaged, _ = look_at(net, cross_entropy(net, x, y))
    for total in (
        lambda net: functional.cross_entropy(net(x), y, reduction="sum"),
        lambda net: functional.cross_entropy(net(x), y, reduction="none").sum() * 1.0,
    ):
        net = dense([6, 8, 10], nn.Tanh)
        added, _ = look_at(net, lambda net=net, total=total: total(net))
        for one, other in zip(added.sites, averaged.sites, strict=True):
            assert one.signal == pytest.approx(other.signal, abs=1e-6)


def test_steepness_far_below_float32s_squares_is_measured():
    """(1e-30)^2 is 0 in float32."""
    net = dense([6, 8, 8, 10], nn.Tanh)
    with torch.no_grad():
        net[2].weight.mul_(1e-30)
    look, deltas = look_at(net, cross_entropy(net, *batch(8, 6)))
    expected = 0.5 * math.log10(8 * float((deltas["0"].double() ** 2).sum()))
    assert look.sites[0].signal == pytest.approx(expected) and expected < -29


def test_numbers_that_are_not_finite_become_nan_and_end_nothing():
    net = dense([6, 8, 8, 10], nn.ReLU)
    with torch.no_grad():
        net[2].weight[0, 0] = math.inf
    look, _ = look_at(net, cross_entropy(net, *batch(8, 6)))
    assert look.problem is None and math.isnan(look.sites[0].signal)


def test_one_example_and_one_layer_can_be_looked_at():
    torch.manual_seed(0)
    net = nn.Linear(6, 10)
    x, y = batch(1, 6)
    look, _ = look_at(net, cross_entropy(net, x, y))
    (site,) = look.sites
    assert (site.name, site.output, site.sameness, look.examples) == ("linear", True, None, 1)


def test_compiled_networks_run_uncompiled_while_looked_at():
    net = dense([6, 8, 10], nn.Tanh)
    compiled = torch.compile(net, backend="eager")
    x, y = batch(8, 6)
    functional.cross_entropy(compiled(x), y).backward()  # hooks set after it would never fire
    net.zero_grad()
    expected = retained(net, cross_entropy(net, x, y), {"0": net[0], "2": net[2]})
    look, deltas = look_at(compiled, cross_entropy(compiled, x, y))
    assert [s.name for s in look.sites] == ["0", "2"]
    assert torch.equal(deltas["0"], expected["0"]) and torch.equal(deltas["2"], expected["2"])


class Recurrent(nn.Module):
    """A recurrent layer with a head that reads its last state or its last output."""

    def __init__(self, kind, batch_first=True, packed=False, state=True):
        super().__init__()
        torch.manual_seed(0)
        self.layer = kind(3, 5, batch_first=batch_first)
        self.head = nn.Linear(5, 10)
        self.packed, self.state = packed, state

    def forward(self, x):
        """x: (example, step, input)."""
        x = x if self.layer.batch_first else x.transpose(0, 1)
        if self.packed:
            lengths = torch.full((x.shape[0],), x.shape[1])
            x = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
        outputs, states = self.layer(x)
        self.last = states[0] if isinstance(states, tuple) else states
        if not self.state:
            return self.head(outputs[:, -1])
        if self.last.requires_grad:
            self.last.retain_grad()
        return self.head(self.last[-1])


def sequences():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(8, 6, 3, generator=generator), torch.arange(8)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize(("batch_first", "packed"), [(True, False), (False, False), (True, True)])
def test_a_recurrent_layer_read_by_its_last_state_is_a_site(kind, batch_first, packed):
    net = Recurrent(kind, batch_first, packed)
    look, _ = look_at(net, cross_entropy(net, *sequences()))
    assert look.problem is None
    site = sites(look)["layer"]
    assert (site.depth, look.examples) == (1, 8)
    expected = 0.5 * math.log10(8 * float((net.last.grad.double() ** 2).sum()))
    assert site.signal == pytest.approx(expected, abs=1e-9)
    net = Recurrent(kind, state=False)
    there, _ = look_at(net, cross_entropy(net, *sequences()))
    other = sites(there)["layer"]
    assert site.signal == pytest.approx(other.signal, abs=1e-6)
    assert site.time_signal == pytest.approx(other.time_signal, abs=1e-5)


def test_time_steps_of_a_packed_sequence_are_those_at_which_a_sequence_goes_on():
    net = Recurrent(nn.GRU)
    x, y = torch.randn(2, 4, 3), torch.tensor([1, 2])
    packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([4, 2]), batch_first=True)

    def loss():
        return functional.cross_entropy(net.head(net.layer(packed)[1][-1]), y)

    look, _ = look_at(net, loss, torch.optim.SGD(net.parameters(), lr=0.0))
    padded = x.clone().requires_grad_()
    ends = torch.stack([net.layer(padded[:1])[1][0, 0], net.layer(padded[1:, :2])[1][0, 0]])
    functional.cross_entropy(net.head(ends), y).backward()
    squares = (padded.grad.double() ** 2).sum(dim=(0, 2))
    expected = [0.5 * math.log10(2 * float(each)) for each in squares]
    assert sites(look)["layer"].time_signal == pytest.approx(expected, abs=1e-5)


def test_outputs_of_a_frozen_recurrent_layer_require_no_gradient():
    net = Recurrent(nn.LSTM)
    net.layer.requires_grad_(False)
    look, _ = look_at(net, cross_entropy(net, *sequences()))
    assert sites(look)["layer"].frozen and not net.last.requires_grad


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = dense([6, 8, 8], nn.Tanh)
        self.one, self.two = nn.Linear(8, 10), nn.Linear(8, 10)


def test_two_losses_that_go_backward_through_one_trunk_have_a_look_each():
    net = TwoHeads()
    x, y = batch(8, 6)
    instrument = Instrument(net)
    instrument.attach()
    h = net.trunk(x)
    first = functional.cross_entropy(net.one(h), y)
    second = 100 * functional.cross_entropy(net.two(h), y)
    first.backward(retain_graph=True)
    second.backward()
    instrument.stepped(0)
    instrument.detach()
    looks = instrument.looks(0, Activity())
    assert [sorted(sites(look)) for look in looks] == [
        ["one", "trunk.0", "trunk.2"],
        ["trunk.0", "trunk.2", "two"],
    ]
    z = net.trunk[0](x)
    h = net.trunk[1:](z)
    for look, loss in zip(
        looks,
        (functional.cross_entropy(net.one(h), y), 100 * functional.cross_entropy(net.two(h), y)),
        strict=True,
    ):
        (delta,) = torch.autograd.grad(loss, z, retain_graph=True)
        expected = 0.5 * math.log10(8 * float((delta.double() ** 2).sum()))
        assert sites(look)["trunk.0"].signal == pytest.approx(expected, abs=1e-6)
        assert sites(look)["trunk.0"].activation == "tanh"


def test_a_forward_pass_whose_output_no_loss_reads_renames_no_site():
    net = dense([6, 8, 10], nn.Tanh)
    x, y = batch(8, 6)

    def loss():
        net(x).argmax(dim=1)
        return functional.cross_entropy(net(x), y)

    look, _ = look_at(net, loss)
    assert [site.name for site in look.sites] == ["0", "2"]


def test_losses_that_go_backward_together_are_looked_at_as_their_sum():
    looks = []
    for backward in (lambda losses: sum(losses).backward(), torch.autograd.backward):
        net = TwoHeads()
        x, y = batch(8, 6)
        instrument = Instrument(net)
        instrument.attach()
        h = net.trunk(x)
        backward([functional.cross_entropy(head(h), y) for head in (net.one, net.two)])
        instrument.stepped(0)
        instrument.detach()
        looks += instrument.looks(0, Activity())
    assert looks[0] == looks[1]
    assert len(looks[0].sites) == 4


def test_a_decoder_that_starts_from_the_encoders_state_is_as_deep_as_the_encoder():
    """The state leads on in time: no depth lies between the two."""
    torch.manual_seed(0)
    net = nn.ModuleDict(
        {
            "encoder": nn.GRU(3, 5, batch_first=True),
            "decoder": nn.GRU(3, 5, batch_first=True),
            "head": nn.Linear(5, 10),
        }
    )
    x, y = sequences()

    def loss():
        z, _ = net["decoder"](x.flip(1), net["encoder"](x)[1])
        return functional.cross_entropy(net["head"](z[:, -1]), y)

    look, _ = look_at(net, loss)
    assert {name: site.depth for name, site in sites(look).items()} == {
        "encoder": 1,
        "decoder": 1,
        "head": 0,
    }
    assert math.isfinite(sites(look)["encoder"].signal)


def test_a_module_that_was_given_no_example_is_no_site():
    net = TwoHeads()
    x, y = batch(8, 6)

    def loss():
        h = net.trunk(x)
        return functional.cross_entropy(net.one(h), y) + net.two(h[:0]).sum()

    look, _ = look_at(net, loss)
    assert set(sites(look)) == {"trunk.0", "trunk.2", "one"}


class Cells(nn.Module):
    """Two recurrent cells, one on the other, stepped over the sequence by hand."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.lower, self.upper, self.head = nn.GRUCell(3, 5), nn.GRUCell(5, 5), nn.Linear(5, 10)

    def forward(self, x):
        h = g = x.new_zeros(len(x), 5)
        self.states = []
        for step in x.unbind(dim=1):
            h = self.lower(step, h)
            g = self.upper(h, g)
            self.states.append(g)
            g.retain_grad()
        return self.head(g)


def test_calls_of_a_recurrent_cell_are_time_steps_and_no_depth():
    net = Cells()
    look, _ = look_at(net, cross_entropy(net, *sequences()))
    assert {(s.name.split()[0], s.depth) for s in look.sites} == {
        ("lower", 2),
        ("upper", 1),
        ("head", 0),
    }
    squares = [float((g.grad.double() ** 2).sum()) for g in net.states]
    expected = [0.5 * math.log10(8 * each) for each in squares]
    assert sites(look)["upper"].time_signal == pytest.approx(expected, abs=1e-6)
    assert sites(look)["upper (call 2)"].time_signal is None
