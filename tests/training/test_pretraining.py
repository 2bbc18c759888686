"""Greedy denoising auto-encoders: autograd, the noise, and what is left for the supervised part."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from torch.nn import functional

from depthgauge.config import Dataset, Precision, Pretraining
from depthgauge.datasets.batches import step_indices
from depthgauge.errors import ConfigError
from depthgauge.training import descent
from depthgauge.training.autoencoders import kept
from depthgauge.training.block import Block, Task
from depthgauge.training.limits import CHECKS
from depthgauge.training.pretraining import pretrain, run


@pytest.fixture
def pretrained(experiment):
    """Two hidden layers, twelve steps each across no epoch's edge, in double precision."""
    return replace(
        experiment,
        procedure="pretraining",
        cost="nll",
        l2=0.0,
        steps=30,
        dataset=Dataset(divide=255.0),
        precision=Precision.float64,
        pretraining=Pretraining(steps=12, rate=0.5, masked=0.25),
    )


def task_of(experiment, replicas, data, folder=Path()):
    return Task(Block(experiment, replicas, "key", "cell"), data, "cpu", folder, lambda *_: [])


def network_of(experiment, replicas, data):
    task = task_of(experiment, replicas, data)
    module = descent.build_module(task.block, data)
    pretrain(module, task)
    return module.network


def twin(experiment, data, seed):
    """The same pre-training of one network: losses written with torch's own, steps by autograd."""
    start = descent.build_module(task_of(experiment, [(seed, 0.1)], data).block, data).network
    settings, size = experiment.pretraining, experiment.batch_size
    scale, tanh = experiment.dataset, experiment.activation == "tanh"
    images = torch.tensor(data.train.images / scale.divide - scale.subtract)
    unit = torch.tanh if tanh else torch.sigmoid
    below = []
    for layer in range(2):
        w = start.weights[layer][0].clone().requires_grad_()
        b = start.biases[layer][0, 0].clone().requires_grad_()
        c = torch.zeros(w.shape[1], dtype=torch.double, requires_grad=True)
        rows = step_indices(seed, layer * settings.steps, settings.steps, size, 100)
        survivors = kept(seed, layer, 0, settings.steps, (size, w.shape[1]), settings.masked)
        for chosen, noise in zip(rows, survivors, strict=True):
            x = images[chosen]
            for w_below, b_below in below:
                x = unit(functional.linear(x, w_below, b_below))
            code = unit(functional.linear(x * torch.tensor(noise), w, b))
            back = functional.linear(code, w.T, c)
            if tanh:  # (1 + tanh v) / 2 is sigmoid(2 v)
                back, x = 2 * back, (1 + x) / 2
            loss = functional.binary_cross_entropy_with_logits(back, x, reduction="sum") / size
            gradients = torch.autograd.grad(loss, (w, b, c))
            with torch.no_grad():
                for part, gradient in zip((w, b, c), gradients, strict=True):
                    part -= settings.rate * gradient
        below.append((w.detach(), b.detach()))
    return below


@pytest.mark.parametrize(
    "keys", [{}, {"activation": "tanh", "dataset": Dataset(divide=127.5, subtract=1.0)}]
)
def test_pretraining_matches_autograd(keys, pretrained, small_data):
    """Weights and biases of both hidden layers; the output layer stays as drawn.

    Two seeds, one of them at two rates of the descent that follows.
    """
    pretrained = replace(pretrained, **keys)
    CHECKS["pretraining"](pretrained, small_data)
    table = [(7, 0.1), (2, 0.1), (7, 0.3)]
    found = network_of(pretrained, table, small_data)
    fresh = descent.build_module(task_of(pretrained, table, small_data).block, small_data)
    for replica, (seed, _) in enumerate(table):
        for layer, (w, b) in enumerate(twin(pretrained, small_data, seed)):
            np.testing.assert_allclose(found.weights[layer][replica], w, rtol=1e-9)
            np.testing.assert_allclose(found.biases[layer][replica, 0], b, rtol=1e-9)
    assert torch.equal(found.weights[2], fresh.network.weights[2])


def test_the_reconstruction_gets_better(pretrained, small_data):
    """After 300 steps the first layer's auto-encoder beats the best constant image."""
    settings = replace(pretrained.pretraining, steps=300)
    network = network_of(replace(pretrained, pretraining=settings), [(1, 0.1)], small_data)
    x = torch.tensor(small_data.test.images / 255)
    w, b = network.weights[0][0], network.biases[0][0]
    code = torch.sigmoid(x @ w.T + b)
    # the decoder's own bias is thrown away: the best one for the training images stands in
    c = torch.zeros(25, dtype=torch.double, requires_grad=True)
    descending = torch.optim.LBFGS([c], max_iter=100)

    def loss():
        descending.zero_grad()
        value = functional.binary_cross_entropy_with_logits(code @ w + c, x)
        value.backward()
        return value

    descending.step(loss)
    constant = functional.binary_cross_entropy(x.mean(0).expand_as(x), x)
    assert loss().item() < constant.item()


def test_noise_is_a_function_of_the_step():
    """Any cut gives the same survivors, three in four; layers and seeds have their own."""
    whole = kept(3, 0, 0, 40, (10, 77), 0.25)
    pieces = [kept(3, 0, first, 8, (10, 77), 0.25) for first in range(0, 40, 8)]
    assert (np.concatenate(pieces) == whole).all()
    assert whole.mean() == pytest.approx(0.75, abs=4 * np.sqrt(0.1875 / whole.size))
    for other in (kept(4, 0, 0, 40, (10, 77), 0.25), kept(3, 1, 0, 40, (10, 77), 0.25)):
        assert (other == whole).mean() == pytest.approx(0.625, abs=0.02)
    assert kept(3, 0, 0, 2, (10, 77), 0.0).all()


def test_a_replica_is_the_same_in_any_company(pretrained, small_data, tmp_path):
    """Bit for bit, in single precision, pre-training and descent."""
    experiment = replace(pretrained, precision=Precision.float32)
    table = [(seed, 0.1) for seed in (1, 2, 3, 5, 7, 8, 9)]
    alone = run(task_of(experiment, [(5, 0.1)], small_data, tmp_path))
    together = run(task_of(experiment, table, small_data, tmp_path))
    xr.testing.assert_identical(alone.drop_attrs(), together.isel(replica=[3]).drop_attrs())


def test_without_steps_it_is_descent(pretrained, small_data, tmp_path):
    """pretraining.steps=0 is the comparison: the same record as plain descent, bit for bit."""
    experiment = replace(pretrained, pretraining=Pretraining(steps=0))
    task = task_of(experiment, [(5, 0.1)], small_data, tmp_path)
    xr.testing.assert_identical(run(task), descent.run(task))


@pytest.mark.parametrize(
    "keys",
    [
        {"activation": "softsign"},
        {"dataset": Dataset(divide=127.5, subtract=1.0)},
        {"activation": "tanh", "dataset": Dataset(divide=100.0)},
    ],
)
def test_inputs_that_units_cannot_say_again_are_refused(keys, pretrained, small_data):
    """Centred pixels are nothing for a sigmoid, numbers above 1 nothing for tanh."""
    with pytest.raises(ConfigError, match=r"cannot be used for pre-training"):
        CHECKS["pretraining"](replace(pretrained, **keys), small_data)
