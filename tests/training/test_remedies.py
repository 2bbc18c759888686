"""The procedure of remedies: companions, twins of one network, what is measured, mistakes."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from depthgauge.config import Evaluation, Experiment, Gradients, Precision, Pretraining, Remedy
from depthgauge.datasets.batches import step_indices
from depthgauge.errors import ConfigError
from depthgauge.nets.initializers import initial_layer
from depthgauge.training import descent, remedies
from depthgauge.training.block import Block, Task
from depthgauge.training.limits import CHECKS
from depthgauge.training.pretraining import pretrain

REMEDIES = {
    "plain": {},
    "layer_rates": {"remedy": Remedy(layer_rates=True)},
    "adam": {"remedy": Remedy(optimizer="adam")},
    "adahessian": {"remedy": Remedy(optimizer="adahessian")},
    "clip": {"remedy": Remedy(clip=0.5)},
    "lsuv": {"init": "orthogonal", "remedy": Remedy(unit_variance=True)},
    "gelu": {"activation": "gelu", "init": "he"},
    "batch_norm": {"remedy": Remedy(normalization="batch")},
    "layer_norm": {"remedy": Remedy(normalization="layer")},
    "residual": {"remedy": Remedy(residual=True)},
    "pretrained": {"pretraining": Pretraining(steps=4)},
}


def experiment(**keys):
    """Widths and mini-batches of whole lanes, as the study has them."""
    base = {
        "procedure": "remedies",
        "hidden": [64, 64],
        "activation": "tanh",
        "init": "glorot_standard",
        "cost": "nll",
        "train_size": 120,
        "batch_size": 64,
        "steps": 12,
        "gradients": Gradients(every=4, images=30),
        "evaluation": Evaluation(every=6, splits=["validation"]),
    }
    return Experiment(**{**base, **keys})


@pytest.fixture
def run(small_data, tmp_path):
    def do(chosen, replicas):
        block = Block(chosen, replicas, "key", "cell")
        return remedies.run(Task(block, small_data, "cpu", tmp_path, lambda block, steps: []))

    return do


@pytest.mark.parametrize("name", REMEDIES)
def test_a_replicas_numbers_do_not_depend_on_its_companions(name, run):
    """Alone, or third of four at other seeds and rates: the same bits, final costs and all."""
    chosen = experiment(**REMEDIES[name])
    alone = run(chosen, [(5, 0.01)])
    company = run(chosen, [(1, 0.05), (5, 0.3), (5, 0.01), (2, 0.002)])
    for variable in alone.data_vars:
        found, expected = company[variable].values[2], alone[variable].values[0]
        np.testing.assert_array_equal(found, expected, str(variable))


@pytest.mark.parametrize("name", ["plain", "adam", "batch_norm"])
def test_companions_matter_little_at_odd_sizes(name, run):
    """Widths and mini-batches that fill no lanes: equal to 1e-5 in float32."""
    chosen = experiment(hidden=[7, 6], batch_size=10, **REMEDIES[name])
    alone = run(chosen, [(5, 0.01)])
    company = run(chosen, [(1, 0.05), (5, 0.01), (2, 0.002)])
    for variable in ("probe_cost", "cost_validation", "weight_gradient_norm"):
        found, expected = company[variable].values[1], alone[variable].values[0]
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def twin(data, seed, rate, layers, optimizer, clip, steps=12):
    """One network of torch's own modules, trained by torch's own optimizer; its cost at the end."""
    x, labels = (
        torch.from_numpy(np.array(each)) for each in (data.train.images, data.train.labels)
    )
    x, labels = x[:120].double() / 256, labels[:120].long()
    linear = [each for each in layers if isinstance(each, torch.nn.Linear)]
    for index, each in enumerate(linear, start=1):
        w, b = initial_layer("glorot_standard", seed, index, each.in_features, each.out_features)
        each.weight.data, each.bias.data = torch.from_numpy(w), torch.from_numpy(b)
    net = torch.nn.Sequential(*layers).double()
    stepper = optimizer(net.parameters(), lr=rate)
    for batch in step_indices(seed, 0, steps, 64, 120):
        stepper.zero_grad()
        torch.nn.functional.cross_entropy(net(x[batch]), labels[batch]).backward()
        norm = torch.stack([each.grad.square().sum() for each in net.parameters()]).sum().sqrt()
        for each in net.parameters():
            each.grad *= min(1, clip / norm)
        stepper.step()
    net.eval()
    held_out = torch.from_numpy(np.array(data.validation.images)).double() / 256
    answers = torch.from_numpy(np.array(data.validation.labels)).long()
    return float(torch.nn.functional.cross_entropy(net(held_out), answers).detach())


@pytest.mark.parametrize(
    ("remedy", "normalize", "optimizer"),
    [
        (Remedy(), None, torch.optim.SGD),
        (Remedy(optimizer="adam"), None, torch.optim.Adam),
        (Remedy(optimizer="rmsprop", clip=0.5), None, torch.optim.RMSprop),
        (Remedy(normalization="layer"), torch.nn.LayerNorm, torch.optim.SGD),
    ],
)
def test_training_matches_torchs_own_modules(remedy, normalize, optimizer, run, small_data):
    """Same weights, same mini-batches, same arithmetic: the same held-out cost in float64."""
    chosen = experiment(
        hidden=[7, 6],
        remedy=remedy,
        precision=Precision.float64,
    )
    record = run(chosen, [(3, 0.05), (0, 0.01)])
    clip = remedy.clip or float("inf")
    for replica, (seed, rate) in enumerate([(3, 0.05), (0, 0.01)]):
        layers, widths = [], [25, 7, 6]
        for n_in, n_out in pairwise(widths):
            layers.append(torch.nn.Linear(n_in, n_out))
            layers += [normalize(n_out)] if normalize else []
            layers.append(torch.nn.Tanh())
        layers.append(torch.nn.Linear(6, 3))
        expected = twin(small_data, seed, rate, layers, optimizer, clip)
        found = float(record["cost_validation"][replica, -1])
        assert found == pytest.approx(expected, rel=1e-9)


def test_update_ratio_is_the_change_of_the_weights(run):
    """Plain SGD at step 0 on all examples: rate |dC/dw| / |w|; none waits after the last step."""
    chosen = experiment(batch_size=120, gradients=Gradients(every=4, images=120))
    record = run(chosen, [(3, 0.05)])
    assert record["update_step"].values.tolist() == [0, 4, 8]
    for layer, (n_in, n_out) in enumerate([(25, 64), (64, 64), (64, 3)], start=1):
        w, _ = initial_layer("glorot_standard", 3, layer, n_in, n_out)
        slope = float(record["weight_gradient_norm"].sel(gradient_step=0, layer=layer)[0])
        expected = 0.05 * slope / np.linalg.norm(w)
        found = float(record["update_ratio"].sel(update_step=0, layer=layer)[0])
        assert found == pytest.approx(expected, rel=1e-4)


def test_a_step_size_for_each_layer_changes_each_by_the_same_part(run):
    """That part is the rate, at every step."""
    record = run(experiment(remedy=Remedy(layer_rates=True)), [(0, 0.03), (1, 0.002)])
    expected = np.broadcast_to(np.array([0.03, 0.002])[:, None, None], (2, 3, 3))
    np.testing.assert_allclose(record["update_ratio"], expected, rtol=1e-5)


def test_layer_rates_hold_where_float32_cannot_square_the_gradient(run):
    """Thirty sigmoid layers: the first one's step has a norm below 1e-23, and is the rate's part.

    Nothing diverges.
    """
    deep = experiment(
        hidden=[10] * 30, activation="sigmoid", batch_size=60, remedy=Remedy(layer_rates=True)
    )
    record = run(deep, [(0, 0.01), (1, 0.03)])
    assert (record["weight_gradient_norm"][:, 0, 0] < 1e-23).all()
    expected = np.broadcast_to(np.array([0.01, 0.03])[:, None, None], (2, 3, 31))
    np.testing.assert_allclose(record["update_ratio"], expected, rtol=1e-3)
    assert record["diverged_at"].values.tolist() == [-1, -1]


def test_a_layer_without_a_gradient_stands_still_under_layer_rates(run):
    """A hundred sigmoid layers: below the smallest float32 nothing is left, and nothing is NaN."""
    deep = experiment(
        hidden=[10] * 100, activation="sigmoid", batch_size=60, remedy=Remedy(layer_rates=True)
    )
    record = run(deep, [(0, 0.01)])
    ratio = record["update_ratio"].values
    assert (ratio[..., 0] == 0).all() and np.isfinite(ratio).all()


def test_pretraining_is_part_of_the_budget(run, small_data):
    """Four of twelve steps a layer, then eight of descent from what they left; step 0 is there."""
    record = run(experiment(pretraining=Pretraining(steps=4)), [(3, 0.05)])
    assert record["gradient_step"].values.tolist() == [0, 4, 8]
    assert record["update_step"].values.tolist() == [0, 4]
    block = Block(experiment(pretraining=Pretraining(steps=4)), [(3, 0.05)], "key", "cell")
    module = descent.build_module(block, small_data)
    pretrain(module, Task(block, small_data, "cpu", Path(), lambda *_: []))
    x = torch.from_numpy(np.array(small_data.validation.images)).float() / 256
    for w, b in zip(module.network.weights[:-1], module.network.biases[:-1], strict=True):
        x = torch.tanh(x @ w[0].T + b[0])
    x = x @ module.network.weights[-1][0].T + module.network.biases[-1][0]
    answers = torch.from_numpy(np.array(small_data.validation.labels)).long()
    expected = float(torch.nn.functional.cross_entropy(x, answers))
    assert float(record["cost_validation"][0, 0]) == pytest.approx(expected, rel=1e-5)


def test_the_error_of_naming_one_class_is_that_of_the_images_looked_at(run, small_data):
    """Counted by hand on the first ten test labels, and on all of them."""
    for images in (10, 0):
        seen = Evaluation(every=6, splits=["test"], images=images)
        record = run(experiment(evaluation=seen), [(0, 0.1), (1, 0.1)])
        labels = small_data.test.labels.tolist()[: images or 37]
        expected = min(sum(label != named for label in labels) for named in range(3)) / len(labels)
        assert record["one_class_error_test"].values.tolist() == pytest.approx([expected] * 2)


def test_second_order_steps_lower_the_cost(run):
    """Curvature is found on the mini-batch that drives the step."""
    record = run(experiment(remedy=Remedy(optimizer="adahessian")), [(0, 0.02), (1, 0.02)])
    cost = record["probe_cost"].values
    assert (cost[:, -1] < 0.8 * cost[:, 0]).all()


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"activation": "nosuch"}, "activation=nosuch is unknown"),
        ({"remedy": Remedy(optimizer="nosuch")}, "remedy.optimizer=nosuch is unknown"),
        ({"remedy": Remedy(normalization="nosuch")}, "remedy.normalization=nosuch is unknown"),
        ({"init": "nosuch"}, "init=nosuch is unknown"),
        (
            {"pretraining": Pretraining(steps=12)},
            "pretraining.steps=12 cannot be used with steps=12",
        ),
        (
            {"pretraining": Pretraining(steps=13)},
            "pretraining.steps=13 cannot be used with steps=12",
        ),
        (
            {"pretraining": Pretraining(steps=4), "remedy": Remedy(residual=True)},
            "pretraining.steps=4 cannot be used with .*residual=True",
        ),
        (
            {"pretraining": Pretraining(steps=4), "remedy": Remedy(normalization="batch")},
            "pretraining.steps=4 cannot be used with remedy.normalization=batch",
        ),
        (
            {"pretraining": Pretraining(steps=4), "activation": "gelu"},
            "activation=gelu.* cannot be used for pre-training",
        ),
    ],
)
def test_what_cannot_work_gets_one_sentence(keys, sentence, small_data):
    """Before anything is computed."""
    with pytest.raises(ConfigError, match=sentence):
        CHECKS["remedies"](replace(experiment(), **keys), small_data)


def test_a_clip_below_zero_is_refused():
    """With the key's name."""
    with pytest.raises(ConfigError, match=r"remedy\.clip"):
        Remedy(clip=-1.0)


def test_a_module_has_a_state_before_its_fit(small_data):
    """Its networks', and what it was given of the optimizers' until these are made."""
    block = Block(experiment(), [(0, 0.1)], "key", "cell")
    module = remedies.build_module(block, small_data)
    state = module.state_dict()
    assert {"engine.network.weight_1", "engine.update.steps_done"} <= set(state)
    module.load_state_dict({**state, "engine.update.optimizer.step": torch.tensor([3.0])})
    assert module.state_dict()["engine.update.optimizer.step"].item() == 3
