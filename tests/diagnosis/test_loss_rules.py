"""What the loss function is given: a softmax too many, and a loss no better than guessing."""

import math

import numpy as np
import pytest
import torch
from one_look import batch, dense, look_at
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional

from depthgauge import diagnose, watch
from depthgauge.diagnosis.findings import Remedy
from depthgauge.diagnosis.verdicts import faults


def classifier():
    return dense([64, 16, 16, 10], nn.Tanh)


def entropy(labels, classes):
    """In nats, with Miller's correction for a finite sample, by numpy."""
    counts = np.bincount(labels, minlength=classes).astype(float)
    p = counts[counts > 0] / counts.sum()
    return -(p * np.log(p)).sum() + (len(p) - 1) / (2 * counts.sum())


@pytest.mark.parametrize("ignored", [-100, 3])
def test_guessing_of_a_cross_entropy_is_the_entropy_of_the_labels(ignored):
    net, (x, y) = classifier(), batch(200, 64)
    y = torch.where(y > 6, 0, y)
    loss = lambda: functional.cross_entropy(net(x), y, ignore_index=ignored)  # noqa: E731
    look, _ = look_at(net, loss)
    assert look.guessing == pytest.approx(look.loss / entropy(y[y != ignored].numpy(), 10))


def test_guessing_of_a_squared_error_is_the_variance_of_the_targets():
    net, (x, _) = dense([64, 16, 16, 3], nn.Tanh), batch(40, 64)
    target = torch.randn(40, 3, generator=torch.Generator().manual_seed(3)) * 5 + 2
    look, _ = look_at(net, lambda: functional.mse_loss(net(x), target))
    variance = target.double().numpy().var(axis=0, ddof=1).mean()
    assert look.guessing == pytest.approx(look.loss / variance)


@pytest.mark.parametrize(
    "loss",
    [
        lambda z, y: functional.cross_entropy(z, y, label_smoothing=0.1),
        lambda z, y: functional.cross_entropy(z, y, weight=torch.ones(10)),
        lambda z, y: functional.cross_entropy(z, y, reduction="sum"),
        lambda z, y: functional.cross_entropy(z[:9], y[:9]),
        lambda z, y: functional.cross_entropy(z, functional.one_hot(y, 10).float()),
        lambda z, y: functional.cross_entropy(z, y) + z.square().mean(),
        lambda z, y: z.square().mean(),
    ],
    ids=["smoothed", "weighted", "sum", "few examples", "soft targets", "two terms", "own loss"],
)
def test_where_guessing_is_not_known_nothing_is_said(loss):
    net, (x, y) = classifier(), batch(100, 64)
    look, _ = look_at(net, lambda: loss(net(x), y))
    assert look.guessing is None and look.applied_twice is None


def test_what_the_loss_is_multiplied_by_does_not_matter():
    net, (x, y) = classifier(), batch(100, 64)
    whole, _ = look_at(net, lambda: functional.cross_entropy(net(x), y))
    net = classifier()
    scaled, _ = look_at(net, lambda: 1024 * functional.cross_entropy(net(x), y) / 3)
    assert scaled.guessing == pytest.approx(whole.guessing, rel=1e-6)


@pytest.mark.parametrize(
    ("outputs", "loss", "twice"),
    [
        (lambda z: torch.softmax(z, 1), nn.CrossEntropyLoss(), "softmax"),
        (nn.Softmax(dim=1), functional.cross_entropy, "softmax"),
        (lambda z: z.log_softmax(1), functional.cross_entropy, None),  # the same numbers again
        (lambda z: z, functional.cross_entropy, None),
        (lambda z: torch.sigmoid(z), functional.binary_cross_entropy_with_logits, "sigmoid"),
        (nn.Sigmoid(), nn.BCEWithLogitsLoss(), "sigmoid"),
        (nn.Sigmoid(), functional.binary_cross_entropy, None),
        (lambda z: torch.sigmoid(z).view(-1, 2, 5).flatten(1), nn.BCEWithLogitsLoss(), "sigmoid"),
        (lambda z: torch.softmax(z, 1).mT.mT.squeeze(), functional.cross_entropy, "softmax"),
        (lambda z: torch.softmax(z, 1) * z, functional.cross_entropy, None),
    ],
)
def test_a_function_that_is_applied_twice_is_seen(outputs, loss, twice):
    net, (x, y) = classifier(), batch(40, 64)
    binary = getattr(loss, "__name__", type(loss).__name__).lower().startswith(("binary", "bce"))
    target = functional.one_hot(y, 10).float() if binary else y
    look, _ = look_at(net, lambda: loss(outputs(net(x)), target))
    assert look.applied_twice == twice


def trained(net, teacher=None, rate=0.1, steps=130):
    """Train on 40 batches of noise, with random labels or those that `teacher` gives."""
    torch.manual_seed(0)
    images = torch.randn(40, 64, 64)
    labels = torch.randint(0, 10, (40, 64)) if teacher is None else (images @ teacher).argmax(2)
    optimizer = torch.optim.SGD(net.parameters(), rate)
    with watch(net, optimizer, every=10) as flow:
        for step in range(steps):
            optimizer.zero_grad()
            functional.cross_entropy(net(images[step % 40]), labels[step % 40]).backward()
            optimizer.step()
    return flow


def loud_classifier():
    """Its outputs are so large that the loss begins above ln 10."""
    net = classifier()
    with torch.no_grad():
        net[-1].weight.mul_(12)
    return net


def test_labels_without_signal_are_found_once_the_loss_has_fallen_to_guessing():
    """No remedy for depth is named; a rate that is far too high would look the same."""
    flow = trained(loud_classifier())
    assert flow.looks[0].loss > 1.1 * math.log(10)
    (verdict,) = faults(flow.verdicts)
    assert verdict.finding == "not a matter of depth"
    assert verdict.remedies == (Remedy.smaller_step,)
    assert "level of guessing" in verdict.sentence and "label" in verdict.sentence


def test_the_same_net_with_labels_that_can_be_learned_has_no_fault():
    torch.manual_seed(5)
    flow = trained(loud_classifier(), torch.randn(64, 10))
    assert flow.looks[-1].guessing < 0.95
    assert faults(flow.verdicts) == ()


def test_a_loss_that_never_moved_is_not_said_to_have_fallen_to_guessing():
    """Then a learning rate may be off, and that is what the verdict says."""
    flow = trained(classifier(), rate=3e-4)
    (verdict,) = faults(flow.verdicts)
    assert verdict.finding == "not a matter of depth"
    assert Remedy.larger_step in verdict.remedies


def test_softmax_twice_is_a_fault_with_a_remedy_that_removes_it():
    net = nn.Sequential(classifier(), nn.Softmax(dim=1))
    flow = trained(net, steps=12)
    (verdict,) = [v for v in faults(flow.verdicts) if v.finding == "applied twice"]
    assert verdict.remedies == (Remedy.raw_outputs,) and "softmax" in verdict.sentence


def test_eight_tanh_layers_on_digits_stand_still_because_of_their_depth():
    """PyTorch's draw: the signal is weak, the loss stands still, and what is named helps."""
    pixels, labels = load_digits(return_X_y=True)
    x, y = torch.tensor(pixels[:640] / 16, dtype=torch.float32), torch.tensor(labels[:640])
    batches = list(zip(x.split(64), y.split(64), strict=True))

    def make():
        net = nn.Sequential()
        for _ in range(8):
            net.extend([nn.Linear(64, 64), nn.Tanh()])
        net.append(nn.Linear(64, 10))
        return net, lambda net, b: functional.cross_entropy(net(b[0]), b[1]), batches

    report = diagnose(make, steps=(0, 100), seeds=3, remedies=["layer normalization"])
    (verdict,) = faults(report.verdicts)
    assert verdict.finding == "loss stands still" and "layer normalization" in verdict.remedies
    assert report.trials[0].outcome == "helps"
