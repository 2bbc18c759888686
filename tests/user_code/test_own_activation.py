"""An activation known by its function alone, against closed forms, numpy twins and autograd."""

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from scipy.integrate import quad

import reference
from depthgauge.config import (
    Bounds,
    Dataset,
    Evaluation,
    Experiment,
    Gradients,
    Look,
    Precision,
    Spacing,
)
from depthgauge.datasets.prepared import Split, assemble
from depthgauge.kernel.rule import ACTIVATION_CODES
from depthgauge.nets.activations import IN_PLACE, activation
from depthgauge.nets.backpropagation import Pass
from depthgauge.nets.costs import cost
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.theory import ACTIVATIONS, find_activation, gradient_map, length_map
from depthgauge.training.block import Block, Task
from depthgauge.training.engines import choose_engine
from depthgauge.training.limits import check
from depthgauge.training.procedures import procedure
from depthgauge.training.torch_engine import TorchEngine

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "my_functions.py"
SAME = """
import torch
def {0}(z):
    return torch.{1}(z)
"""


@pytest.fixture
def elu(module):
    """ELU by its import path."""
    return f"{module(EXAMPLE.read_text())}.elu"


def test_one_table_serves_every_engine():
    """What is done in place, or by compiled loops, are activations of the one table."""
    assert IN_PLACE.keys() == ACTIVATION_CODES.keys() <= ACTIVATIONS.keys()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_engines_function_is_the_tables(name):
    """torch's function and its slope are theory's f and f', in float64."""
    z = torch.linspace(-5, 5, 41, dtype=torch.float64) + 0.0137
    f, exact = activation(name), find_activation(name)
    np.testing.assert_allclose(f.function(z), exact.value(z.numpy()), rtol=1e-12, atol=1e-15)
    kept = f.apply_(z.clone()) if f.slope is None else f.slope(z)
    slope = f.chain_(torch.ones_like(z), kept)
    np.testing.assert_allclose(slope, exact.slope(z.numpy()), rtol=1e-11, atol=1e-15)


def test_slope_and_steepest_slope_are_those_of_elu(elu):
    """f' = e^z below 0, 1 above, by autograd; sup f' = 1."""
    found, z = find_activation(elu), np.linspace(-9, 9, 181) + 0.0137
    np.testing.assert_allclose(found.value(z), np.where(z > 0, z, np.expm1(z)), rtol=1e-14)
    np.testing.assert_allclose(found.slope(z), np.where(z > 0, 1, np.exp(z)), rtol=1e-11)
    assert found.gamma == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(("name", "gamma"), [("sigmoid", 0.25), ("tanh", 1.0)])
def test_the_steepest_slope_is_found(name, gamma, module):
    """That of the table, from the function alone."""
    path = f"{module(SAME.format('same', name))}.same"
    assert find_activation(path).gamma == pytest.approx(gamma, rel=1e-9)


def test_mean_field_integrates_what_it_is_given(elu):
    """The length map and the gradient map of ELU, against scipy's quadrature."""

    def mean_square(f, q):
        def weighted(z):
            return f(np.sqrt(q) * z) ** 2 * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)

        return quad(weighted, -12, 0)[0] + quad(weighted, 0, 12)[0]

    def value(z):
        return z if z > 0 else np.expm1(z)

    def slope(z):
        return 1.0 if z > 0 else np.exp(z)

    for q in (0.3, 2.0):
        length = 1.5 * mean_square(value, q) + 0.2
        assert float(length_map(q, elu, 1.5, 0.2)) == pytest.approx(length)
        assert float(gradient_map(q, elu, 1.5)) == pytest.approx(1.5 * mean_square(slope, q))


def test_deltas_match_the_numpy_twin(module):
    """Every delta of a net of ELUs, layer and example."""
    module(EXAMPLE.read_text(), "own_activation")
    widths, random = [7, 5, 4, 3], np.random.default_rng(2)
    network = ReplicaNetwork(widths, [0, 1], "nielsen_default", torch.float64)
    xs, ys = random.normal(size=(6, 7)), np.eye(3)[random.integers(0, 3, 6)]
    passed = Pass(network, activation("own_activation.elu"), cost("nll"), 6)
    passed.forward(torch.from_numpy(xs).expand(2, -1, -1))
    passed.backward(torch.from_numpy(ys))
    for replica in range(2):
        weights = [w[replica].numpy() for w in network.weights]
        biases = [b[replica, 0].numpy() for b in network.biases]
        for example, (x, y) in enumerate(zip(xs, ys, strict=True)):
            twin = reference.deltas(weights, biases, x, y, "own_activation.elu", "nll")
            for delta, expected in zip(passed.deltas, twin, strict=True):
                np.testing.assert_allclose(
                    delta[replica, example], expected, rtol=1e-11, atol=1e-14
                )


@pytest.fixture
def data():
    """40 images of 9 pixels and three classes."""
    random = np.random.default_rng(0)

    def split(count):
        labels = random.integers(0, 3, count).astype(np.uint8)
        return Split(random.integers(0, 256, (count, 9)).astype(np.uint8), labels)

    splits = {name: split(40) for name in ("train", "validation", "test")}
    return assemble("small", (3, 3), ("a", "b", "c"), splits)


@pytest.mark.parametrize(
    ("name", "instruments"),
    [
        ("descent", {"jacobians", "output_speed", "bounds"}),
        ("remedies", {"jacobians", "output_speed", "bounds"}),
        ("second_order", {"jacobians"}),
    ],
)
def test_a_copy_of_tanh_trains_as_tanh_does(name, instruments, module, data, tmp_path):
    """In every procedure, with every instrument that reads slopes: to float64's rounding."""
    look = Look(every=4, spacing=Spacing.linear, images=6)
    experiment = Experiment(
        procedure=name,
        dataset=Dataset("small"),
        hidden=[5, 4],
        activation=f"{module(SAME.format('same', 'tanh'))}.same",
        cost="nll",
        train_size=40,
        steps=8,
        precision=Precision.float64,
        gradients=Gradients(every=4, images=8),
        evaluation=Evaluation(every=4),
        jacobians=look,
        output_speed=replace(look, every=4 * ("output_speed" in instruments)),
        bounds=Bounds(every=4 * ("bounds" in instruments), spacing=Spacing.linear, images=6),
    )

    def record(activation, key):
        asked = replace(experiment, activation=activation)
        check(asked, data)
        (tmp_path / key).mkdir()
        task = Task(
            Block(asked, [(0, 0.3), (1, 0.3)], key, "cell"),
            data,
            "cpu",
            tmp_path / key,
            lambda *_: [],
        )
        return procedure(name).run(task)

    own, shipped = record(experiment.activation, "own"), record("tanh", "shipped")
    assert "jacobian_singular_value" in own
    xr.testing.assert_allclose(own, shipped, rtol=1e-9, atol=1e-12)


def test_without_a_loop_the_engine_says_so(elu, data, capfd):
    """Once a process, by the name of the key; shipped activations have one."""
    few = Gradients(images=8)
    experiment = Experiment(hidden=[5], steps=8, train_size=40, activation=elu, gradients=few)
    for _ in range(2):
        assert choose_engine(experiment, data, "cpu") is TorchEngine
    said = capfd.readouterr().err
    assert said.count(f"activation={elu} has no compiled loop") == 1
    assert choose_engine(replace(experiment, activation="tanh"), data, "cpu") is not TorchEngine


def test_the_example_is_the_one_of_the_docs():
    """Its functions are there and can be called."""
    names = runpy.run_path(str(EXAMPLE))
    assert {"elu", "lecun", "squared_error", "digits"} <= names.keys()
