"""The procedure that asks what extra layers could do: train as usual, then insert layers.

Nielsen, ch. 5: deep nets could do at least as well as shallow ones, since extra layers could do
nothing; and a first layer that never learns "throws away most information about the input image".
"""

import math
from functools import partial

import numpy as np
import xarray as xr
from jaxtyping import Float

from depthgauge.config import Experiment
from depthgauge.datasets.prepared import Prepared
from depthgauge.theory import (
    Net,
    find_activation,
    forward,
    identity_neuron,
    insert_identity_layer,
    literal_identity,
)
from depthgauge.theory.arrays import Array
from depthgauge.training import descent
from depthgauge.training.block import Task
from depthgauge.training.engines import choose_engine
from depthgauge.training.module import ReplicaModule
from depthgauge.training.torch_engine import TorchEngine
from depthgauge.training.updates import Frozen


def work(experiment: Experiment, data: Prepared) -> float:
    """Return the floating-point operations of one replica: training, then forward passes."""
    widths = [data.train.images.shape[1], *experiment.hidden, len(data.classes)]
    forward_passes = 2.0 * len(data.validation.labels) * math.prod(widths[:2])
    return descent.work(experiment, data) + forward_passes


def run(task: Task) -> xr.Dataset:
    """Train the block; then, where neurons are sigmoid, insert layers and classify again."""
    module = _module(task)
    record = descent.train(task, module)
    if task.block.experiment.activation != "sigmoid":
        return record  # identity neurons are built of sigmoids
    return record.merge(_inserted(module, task))


def _module(task: Task) -> ReplicaModule:
    experiment = task.block.experiment
    if experiment.capacity.frozen:
        kind = partial(TorchEngine, update=partial(Frozen, layers=experiment.capacity.frozen))
    else:
        kind = choose_engine(experiment, task.data, task.device)
    return descent.build_module(task.block, task.data, kind)


def _inserted(module: ReplicaModule, task: Task) -> xr.Dataset:
    """Return what identity neurons do to each trained network, on the validation images."""
    settings, scale = task.block.experiment.capacity, task.block.experiment.dataset
    split = task.data.validation
    x = split.images / scale.divide - scale.subtract
    found = [
        _of_one(weights, biases, x, split.labels, settings.inserted, settings.weights)
        for weights, biases in _parameters(module)
    ]
    accuracy, error, literal = (np.array(each) for each in zip(*found, strict=True))
    by_weight = ("replica", "identity_weight")
    return xr.Dataset(
        {
            "identity_accuracy": (by_weight, accuracy),
            "identity_error": (by_weight, error),
            "literal_error": ("replica", literal),
        },
        {"identity_weight": np.array(settings.weights)},
    )


def _of_one(
    weights: list[Array],
    biases: list[Array],
    x: Float[np.ndarray, "example feature"],
    labels: np.ndarray,
    layers: int,
    sizes: list[float],
) -> tuple[list[float], list[float], float]:
    """Return, by w_1, the deeper nets' accuracies and the neurons' sup errors; the literal one's.

    Errors are over all activations of the last hidden layer, which is what the neurons are fed.
    """
    h = x
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        h = _sigmoid_layer(h, w, b)
    accuracies, errors = [], []
    for size in sizes:
        head: tuple[list[Array], list[Array]] = (weights[-2:], biases[-2:])
        for _ in range(layers):
            head = insert_identity_layer(*head, len(head[0]) - 1, size)
        deeper = Net(head[0][1:], head[1][1:], "sigmoid", "cross_entropy")
        named = forward(deeper, h)[1][-1].argmax(axis=1)
        accuracies.append(float((named == labels).mean()))
        errors.append(float(np.abs(identity_neuron(h, size) - h).max()))
    steep, _ = literal_identity()
    literal = _sigmoid_layer(h, steep * np.eye(h.shape[1]), np.full(h.shape[1], -steep / 2))
    return accuracies, errors, float(np.abs(literal - h).max())


def _sigmoid_layer(a: Array, w: Array, b: Array) -> Array:
    return find_activation("sigmoid").value(a @ w.T + b)


def _parameters(module: ReplicaModule) -> list[tuple[list[Array], list[Array]]]:
    """Return every replica's w^l (n_out, n_in) and b^l (n_out,), in double precision."""
    weights = [w.cpu().double().numpy() for w in module.network.weights]
    biases = [b.cpu().double().numpy()[:, 0] for b in module.network.biases]
    return [([w[r] for w in weights], [b[r] for b in biases]) for r in range(module.replicas)]
