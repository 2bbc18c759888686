"""A user's own measurement, by import path, reads the networks of a study, whatever trains them."""

import importlib
import itertools
import sys
from dataclasses import replace

import numpy as np
import pytest

from depthgauge.config import Experiment, UserProbe
from depthgauge.training.keys import user_paths

MINE = """
import torch

def gradient_norm(layers):
    means = [(d.mT @ x / x.shape[1]).flatten(1).norm(dim=1)
             for d, x in zip(layers.deltas, layers.inputs)]
    return torch.stack(means, 1)

def gap(layers):
    "Between each layer's activations and those of its inputs, weights and biases."
    found = []
    for x, w, b, a in zip(layers.inputs, layers.weights, layers.biases, layers.activations):
        found.append((x @ w.mT + b[:, None]).sigmoid().sub(a).abs().amax((1, 2)))
    return torch.stack(found, 1)

def bias(layers):
    return layers.biases[0].mean(-1)
"""
NUMBERS = itertools.count()
REPLICAS = [(0, 0.3), (1, 0.3)]


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The name of a module of the user's, another one each time."""
    name = f"probes_of_a_user_{next(NUMBERS)}"
    (tmp_path / f"{name}.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield name
    sys.modules.pop(name, None)


def watched(experiment, path):
    return replace(experiment, probe=UserProbe(every=20, images=30, function=path))


def test_deltas_and_inputs_are_those_of_ours(experiment, mine, train, engine):
    """The norm of the mean weight gradient by the user's formula, on the same steps and images."""
    asked = watched(experiment, f"{mine}.gradient_norm")
    asked.probe.spacing = asked.gradients.spacing
    record = train(asked, REPLICAS, engine=engine)
    assert record["user_gradient_norm"].dims == ("replica", "probe_step", "layer")
    assert record["probe_step"].values.tolist() == record["gradient_step"].values.tolist()
    ours = record["weight_gradient_norm"].values
    np.testing.assert_allclose(record["user_gradient_norm"].values, ours, rtol=1e-3)


def test_layers_are_one_forward_pass(experiment, mine, train, engine):
    """Weights and biases are those of the step at which it is taken."""
    asked = watched(experiment, f"{mine}.gap")
    record = train(asked, REPLICAS, engine=engine)
    assert record.sizes["probe_step"] > 1 and record["user_gap"].values.max() < 1e-5


def test_a_number_of_each_network_has_no_layers(experiment, mine, train):
    """One value for each replica and step."""
    record = train(watched(experiment, f"{mine}.bias"), REPLICAS)
    assert record["user_bias"].dims == ("replica", "probe_step")


def test_it_changes_no_other_number(experiment, mine, train, engine):
    """Bit for bit, in every engine."""
    asked = watched(experiment, f"{mine}.gap")
    plain = train(experiment, REPLICAS, key="plain", engine=engine)
    record = train(asked, REPLICAS, key="watched", engine=engine)
    assert plain.data_vars
    for name in plain.data_vars:
        assert plain[name].values.tobytes() == record[name].values.tobytes()


def test_its_source_is_part_of_the_key():
    """As that of an activation is."""
    named = Experiment(probe=UserProbe(every=1, function="mine.gap"))
    assert user_paths(named) == {"mine.gap"}
