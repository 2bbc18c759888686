"""Remedies: what each changes, and that a trial leaves the user's objects alone."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from depthgauge.diagnosis import trials
from depthgauge.diagnosis.findings import Outcome, Remedy
from depthgauge.diagnosis.remedies import REMEDIES, Setup
from depthgauge.diagnosis.surgery import Residual, hidden_layers
from depthgauge.diagnosis.text import trial_sentence
from depthgauge.diagnosis.trials import fresh, try_remedies


def tanh_net(depth=6, width=16):
    layers = [each for _ in range(depth) for each in (nn.Linear(width, width), nn.Tanh())]
    return nn.Sequential(*layers, nn.Linear(width, 4))


def classes(net, batch):
    return functional.cross_entropy(net(batch[0]), batch[1])


def some_batches(count=4, examples=32, width=16):
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(count, examples, width, generator=generator)
    return [(each, each[:, :4].argmax(dim=1)) for each in x]


def setup_of(net, rate=0.1):
    torch.manual_seed(0)
    return Setup(net, classes, some_batches()[0], torch.optim.SGD(net.parameters(), lr=rate))


def variances(net):
    return [layer.weight.var().item() for layer in hidden_layers(net)]


@pytest.mark.parametrize(
    ("remedy", "gain"),
    [(Remedy.he_init, 2.0), (Remedy.glorot_init, 1.0), (Remedy.orthogonal_init, 1.0)],
)
def test_initializations_have_their_variance(remedy, gain):
    """n_in Var W is 2 for He, 1 for Glorot and orthogonal weights of square layers."""
    setup = setup_of(tanh_net(width=128))
    assert REMEDIES[remedy](setup)
    for variance in variances(setup.net):
        assert 128 * variance == pytest.approx(gain, rel=0.1)


def test_lsuv_gives_every_hidden_layer_unit_variance():
    """After LSUV the outputs of each hidden layer have variance 1 on the first batch."""
    setup = setup_of(tanh_net())
    assert REMEDIES[Remedy.lsuv_init](setup)
    x = setup.first_batch[0]
    for layer in setup.net:
        x = layer(x)
        if isinstance(layer, nn.Linear) and layer.out_features == 16:
            assert x.std().item() == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize(
    ("before", "after"), [(nn.Tanh, nn.ReLU), (nn.Sigmoid, nn.ReLU), (nn.ReLU, nn.LeakyReLU)]
)
def test_another_activation(before, after):
    """Saturating activations become ReLU, ReLU becomes leaky; none of the old kind stays."""
    net = nn.Sequential(nn.Linear(16, 8), before(), nn.Linear(8, 8), before(), nn.Linear(8, 4))
    setup = setup_of(net)
    assert REMEDIES[Remedy.other_activation](setup)
    kinds = [type(each) for each in setup.net.modules()]
    assert kinds.count(after) == 2 and before not in kinds


@pytest.mark.parametrize("remedy", [Remedy.layer_norm, Remedy.batch_norm])
def test_a_normalization_acts_on_every_hidden_layer_and_is_trained(remedy):
    """Outputs of hidden layers have mean 0 and variance 1 over units, or over the batch."""
    setup = setup_of(tanh_net())
    assert REMEDIES[remedy](setup)
    z = setup.net[0](setup.first_batch[0])
    axis = 1 if remedy is Remedy.layer_norm else 0
    assert z.mean(dim=axis).abs().max().item() < 1e-5
    assert z.var(dim=axis, unbiased=False).sub(1).abs().max().item() < 1e-3
    trained = {id(p) for group in setup.optimizer.param_groups for p in group["params"]}
    assert {id(each) for each in setup.net.parameters()} == trained


def test_convolutions_are_normalized_over_channels():
    """Layer norm of a convolution is one group over all channels; batch norm knows its axes."""
    for remedy, kind in ((Remedy.layer_norm, nn.GroupNorm), (Remedy.batch_norm, nn.BatchNorm2d)):
        net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 4))
        setup = Setup(
            net,
            classes,
            (torch.randn(5, 1, 8, 8), torch.zeros(5, dtype=torch.long)),
            torch.optim.SGD(net.parameters(), lr=0.1),
        )
        assert REMEDIES[remedy](setup)
        assert isinstance(net[0][1], kind) and net(torch.randn(2, 1, 8, 8)).shape == (2, 4)


def test_residual_connections_add_the_input_where_widths_agree():
    """x + f(W x + b) in place of f(W x + b); a layer that changes the width stays."""
    net = nn.Sequential(nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 4))
    setup = setup_of(net)
    x = torch.randn(3, 16)
    h = torch.tanh(net[0](x))
    expected = net[4](h + torch.tanh(net[2](h)))
    assert REMEDIES[Remedy.residual](setup)
    assert torch.equal(setup.net(x), expected)
    assert sum(isinstance(each, Residual) for each in setup.net.modules()) == 1


def test_a_step_per_layer_moves_every_weight_by_one_percent():
    """|W after - W before| = 0.01 |W before| in each layer, however small its gradient."""
    net = nn.Sequential(*[m for _ in range(30) for m in (nn.Linear(16, 16), nn.Sigmoid())])
    setup = setup_of(nn.Sequential(*net, nn.Linear(16, 4)))
    assert REMEDIES[Remedy.per_layer_step](setup)
    before = [each.weight.detach().double().clone() for each in hidden_layers(setup.net)]
    setup.loss(setup.net, setup.first_batch).backward()
    setup.optimizer.step()
    assert [group["lr"] for group in setup.optimizer.param_groups] == [1.0, 0.01]  # biases
    for old, layer in zip(before, hidden_layers(setup.net), strict=True):
        ratio = (layer.weight.detach().double() - old).norm() / old.norm()
        assert ratio.item() == pytest.approx(0.01, rel=1e-3)


def test_rates_warm_up_and_clipping():
    """A tenth or ten times the rate; 1/20 of it at the first of 20 steps; a norm of at most 1."""
    for remedy, factor in ((Remedy.smaller_step, 0.1), (Remedy.larger_step, 10.0)):
        setup = setup_of(tanh_net(), rate=0.3)
        REMEDIES[remedy](setup)
        assert setup.optimizer.param_groups[0]["lr"] == pytest.approx(0.3 * factor)
    setup = setup_of(tanh_net(), rate=0.4)
    REMEDIES[Remedy.warmup](setup)
    rates = []
    for _ in range(25):
        rates.append(setup.optimizer.param_groups[0]["lr"])
        setup.loss(setup.net, setup.first_batch).backward()
        setup.optimizer.step()
    assert rates[0] == pytest.approx(0.02) and rates[20:] == [0.4] * 5
    setup = setup_of(tanh_net(), rate=1.0)
    REMEDIES[Remedy.clipping](setup)
    before = [each.detach().clone() for each in setup.net.parameters()]
    (1e4 * setup.loss(setup.net, setup.first_batch)).backward()
    setup.optimizer.step()
    moves = [(a - b).norm() for a, b in zip(before, setup.net.parameters(), strict=True)]
    assert torch.stack(moves).norm().item() == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_forget_gates_are_open_at_the_start(kind):
    """With a bias of 2 the gate keeps sigmoid(2) of the state; the other gates' biases stay."""
    net = kind(3, 5, num_layers=2)
    before = net.bias_ih_l1.detach().clone()
    setup = Setup(net, classes, None, torch.optim.SGD(net.parameters(), lr=0.1))
    assert REMEDIES[Remedy.forget_bias](setup)
    total = net.bias_ih_l1 + net.bias_hh_l1
    assert torch.equal(total[5:10], torch.full((5,), 2.0))
    assert torch.equal(net.bias_ih_l1[:5], before[:5])


def test_remedies_of_recurrent_layers_act_on_cells():
    cell = nn.LSTMCell(3, 5)
    setup = Setup(cell, classes, None, torch.optim.SGD(cell.parameters(), lr=0.1))
    assert REMEDIES[Remedy.forget_bias](setup) and REMEDIES[Remedy.orthogonal_init](setup)
    assert torch.equal((cell.bias_ih + cell.bias_hh)[5:10], torch.full((5,), 2.0))
    for gate in cell.weight_hh.detach().view(4, 5, 5):
        torch.testing.assert_close(gate @ gate.T, torch.eye(5))


@pytest.mark.parametrize(("kind", "gates"), [(nn.RNN, 1), (nn.GRU, 3), (nn.LSTM, 4)])
def test_recurrent_weights_become_orthogonal(kind, gates):
    """Each gate's matrix W keeps lengths: W W^T = 1, in every layer."""
    net = kind(3, 5, num_layers=2)
    setup = Setup(net, classes, None, torch.optim.SGD(net.parameters(), lr=0.1))
    assert REMEDIES[Remedy.orthogonal_init](setup)
    for weight in (net.weight_hh_l0, net.weight_hh_l1):
        for gate in weight.detach().view(gates, 5, 5):
            torch.testing.assert_close(gate @ gate.T, torch.eye(5))


def test_inputs_are_standardized_by_the_first_batch():
    """The network sees (x - mean) / std of the first batch's numbers."""
    setup = setup_of(tanh_net())
    setup.first_batch = (setup.first_batch[0] * 50 + 200, setup.first_batch[1])
    plain = copy.deepcopy(setup.net)
    assert REMEDIES[Remedy.standardize](setup)
    x = setup.first_batch[0]
    assert torch.allclose(setup.net(x), plain((x - x.mean()) / x.std()), atol=1e-6)


def test_a_remedy_without_anything_to_apply_to_says_so():
    """A dense net has no forget gates: no effect is claimed."""
    trial = try_remedies(lambda: (tanh_net(), classes, some_batches()), [Remedy.forget_bias])[0]
    assert trial.note == "nothing to apply it to" and trial.effect.n == 0


def test_a_remedy_that_the_network_does_not_run_with_is_a_note():
    """Batch norm refuses a batch of one example; the other remedies are tried all the same."""
    single = [(torch.randn(1, 16), torch.tensor([2]))]
    remedies = [Remedy.batch_norm, Remedy.he_init]
    failed, tried = try_remedies(lambda: (tanh_net(), classes, single), remedies, seeds=2, steps=2)
    assert failed.note.startswith("the network does not run with it") and math.isnan(failed.after)
    assert tried.note == "" and math.isfinite(tried.after)


def test_dense_layers_of_sequences_are_batch_normalized_by_unit():
    setup = setup_of(nn.Sequential(nn.Linear(16, 8), nn.Linear(8, 4)))
    assert REMEDIES[Remedy.batch_norm](setup)
    z = setup.net[0](5 + torch.randn(32, 7, 16))
    assert z.shape == (32, 7, 8)
    assert z.mean(dim=(0, 1)).abs().max() < 1e-5
    assert (z.var(dim=(0, 1), unbiased=False) - 1).abs().max() < 1e-2


@pytest.mark.parametrize("remedy", [Remedy.he_init, Remedy.lsuv_init])
def test_parametrized_weights_are_drawn_as_plain_ones_are(remedy):
    plain, parametrized = tanh_net(), tanh_net()
    for layer in parametrized[::2]:
        nn.utils.parametrizations.weight_norm(layer)
    for net in (plain, parametrized):
        setup = setup_of(net)
        torch.manual_seed(1)
        assert REMEDIES[remedy](setup)
    for one, other in zip(plain[::2], parametrized[::2], strict=True):
        assert torch.allclose(one.weight, other.weight, atol=1e-6)


def test_lazy_layers_have_their_weights_before_a_remedy_acts():
    def make():
        return nn.Sequential(nn.LazyLinear(8), nn.Tanh(), nn.LazyLinear(10)), classes, [(x, y)]

    x, y = some_batches()[0]
    remedies = [Remedy.he_init, Remedy.layer_norm, Remedy.per_layer_step]
    for trial in try_remedies(make, remedies, seeds=1, steps=2):
        assert trial.note == "" and math.isfinite(trial.after)


def test_a_trial_changes_nothing_of_the_users():
    """Network, optimizer and generator are as before, though `make` returns the same objects."""
    net = tanh_net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    before, state = copy.deepcopy(net.state_dict()), torch.random.get_rng_state()
    names = list(Remedy)
    try_remedies(lambda: (net, classes, some_batches(), optimizer), names, seeds=2, steps=2)
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(each.grad is None for each in net.parameters())
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not optimizer.state and optimizer.param_groups[0]["lr"] == 0.1


def test_the_same_seeds_are_paired():
    """Every trial starts from the same weights: the effect of doing nothing is exactly 0."""
    batches = some_batches()
    one, _ = fresh(lambda: (tanh_net(), classes, batches), 3, 4)
    two, _ = fresh(lambda: (tanh_net(), classes, batches), 3, 4)
    for a, b in zip(one.net.parameters(), two.net.parameters(), strict=True):
        assert torch.equal(a, b)


def make_deep_net():
    net = tanh_net(12, 32)
    return net, classes, some_batches(width=32), torch.optim.SGD(net.parameters(), lr=0.1)


def test_a_last_softmax_is_taken_away():
    """Outputs are what it was given; a network that ends otherwise has nothing to take away."""
    body = tanh_net()
    setup = setup_of(nn.Sequential(body, nn.Softmax(dim=1)))
    x = setup.first_batch[0]
    expected = body(x)
    assert REMEDIES[Remedy.raw_outputs](setup)
    assert torch.equal(setup.net(x), expected)
    assert not REMEDIES[Remedy.raw_outputs](setup_of(tanh_net()))


def losses_of(monkeypatch, before, after):
    """The trial of a remedy with these final losses, seed by seed."""
    given = {None: before, Remedy.he_init: after}
    monkeypatch.setattr(
        trials, "_final_loss", lambda make, remedy, seed, steps: given[remedy][seed]
    )
    (trial,) = try_remedies(lambda: (), [Remedy.he_init], seeds=len(before))
    return trial


def test_exploding_losses_are_compared_in_decades(monkeypatch):
    """Three seeds fall by 1, 2 and 3 decades: mean 2, t interval 2 +- 4.303 / sqrt(3)."""
    trial = losses_of(monkeypatch, [1e1, 1e4, 1e7], [1e0, 1e2, 1e4])
    assert trial.decades
    assert trial.effect.low == pytest.approx(2 - 4.302653 / 3**0.5, abs=1e-6)
    assert trial.effect.high == pytest.approx(2 + 4.302653 / 3**0.5, abs=1e-6)
    assert "decades" in trial_sentence(trial)


def test_losses_that_become_finite_are_an_effect(monkeypatch):
    """Infinite without, 2.0 to 2.2 with the remedy: at least a decade better in each pair."""
    inf = float("inf")
    trial = losses_of(monkeypatch, [inf, inf, inf], [2.0, 2.1, 2.2])
    assert trial.decades and trial.effect.low > 0.9
    neither = losses_of(monkeypatch, [inf, inf, inf], [inf, inf, inf])
    assert neither.effect.low <= 0 <= neither.effect.high


def test_a_certain_but_tiny_difference_is_no_help(monkeypatch):
    """2.3 -> 2.299 in every pair: below 1 % of the loss."""
    trial = losses_of(monkeypatch, [2.3, 2.3, 2.3], [2.299, 2.299, 2.299])
    assert trial.effect.low > 0 and trial.outcome is Outcome.unclear
    assert losses_of(monkeypatch, [2.3] * 3, [2.27] * 3).outcome is Outcome.helps
    assert losses_of(monkeypatch, [2.3] * 3, [2.33] * 3).outcome is Outcome.harms


def test_losses_of_ordinary_size_or_sign_are_compared_as_they_are(monkeypatch):
    """ln 10 -> 1 is a fall by 1.30; a log-likelihood below 0 has no decades."""
    plain = losses_of(monkeypatch, [2.3, 2.3, 2.3], [1.0, 1.0, 1.0])
    assert not plain.decades and plain.effect.low == pytest.approx(1.3)
    signed = losses_of(monkeypatch, [-1.0, -50.0, -3.0], [-2.0, -51.0, -4.0])
    assert not signed.decades and signed.effect.low == pytest.approx(1.0)


def test_what_helps_a_deep_tanh_net_is_seen_to_help():
    """Twelve default tanh layers do not learn; He's weights and batch norm help, above chance."""
    for trial in try_remedies(make_deep_net, [Remedy.he_init, Remedy.batch_norm], steps=60):
        assert trial.effect.low > 0.2 and trial.before > 1.2


def test_every_remedy_that_a_verdict_can_name_can_be_tried():
    """The table is complete."""
    assert set(REMEDIES) == set(Remedy)
