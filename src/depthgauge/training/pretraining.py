"""The procedure of a net that sees the images before it sees their labels.

Every hidden layer is trained as a denoising auto-encoder on the layers below it, then the whole
net by descent. pretraining.steps=0 leaves the first part out.
"""

import itertools
from functools import partial

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from depthgauge.config import Experiment
from depthgauge.datasets.batches import step_indices
from depthgauge.datasets.prepared import Prepared
from depthgauge.nets.activations import Activation, activation
from depthgauge.nets.buffers import padded
from depthgauge.nets.products import affine
from depthgauge.training import descent
from depthgauge.training.autoencoders import AutoEncoder, kept
from depthgauge.training.block import Task
from depthgauge.training.module import CHUNK, ReplicaModule


def run(task: Task) -> xr.Dataset:
    """Pre-train the task's networks, unless a checkpoint holds them, then train them."""
    module = descent.build_module(task.block, task.data)
    return descent.train(task, module, partial(pretrain, task=task))


def work(experiment: Experiment, data: Prepared) -> float:
    """Return the operations of descent and of what comes before it."""
    return descent.work(experiment, data) + work_before(experiment, data)


def work_before(experiment: Experiment, data: Prepared) -> float:
    """Return pre-training's operations: for each layer's turn, ten a weight and example of it.

    The layers below it add two a weight and example.
    """
    widths = [data.train.images.shape[1], *experiment.hidden]
    sizes = [a * b for a, b in itertools.pairwise(widths)]
    turns = sum(10 * size + 2 * sum(sizes[:layer]) for layer, size in enumerate(sizes))
    examples = experiment.pretraining.steps * experiment.batch_size
    return float(turns * examples)


def pretrain(module: ReplicaModule, task: Task) -> None:
    """Train the hidden layers of `module` one after another, input side first.

    The learning rate has no part in it: replicas that share a seed share these steps, too.
    """
    module.to(task.device)
    experiment, network = task.block.experiment, module.network
    settings, size = experiment.pretraining, experiment.batch_size
    seeds, first, which = np.unique(task.block.seeds, return_index=True, return_inverse=True)
    function = activation(experiment.activation)
    distinct = _Distinct(module, first, size, function)
    for layer in range(len(experiment.hidden)):
        weights, biases = distinct.weights[layer], distinct.biases[layer]
        encoder = AutoEncoder(weights, biases, size, function)
        _, noisy = padded((len(seeds), size, weights.shape[2]), weights)
        for start in range(0, settings.steps, CHUNK):
            steps = min(CHUNK, settings.steps - start)
            order = _orders(experiment, seeds, layer * settings.steps + start, steps)
            noise = _noise(experiment, seeds, layer, start, steps, (size, weights.shape[2]))
            for row in range(steps):
                clean = distinct.signal(order[row], layer)
                survivors = torch.from_numpy(noise[row]).to(weights.device)
                encoder.step(clean, torch.mul(clean, survivors, out=noisy), settings.rate / size)
        network.weights[layer].copy_(weights[which])
        network.biases[layer].copy_(biases[which])


class _Distinct:
    """One network a seed, and what its layers are fed: the images, through the layers below."""

    def __init__(
        self, module: ReplicaModule, first: np.ndarray, size: int, function: Activation
    ) -> None:
        """Copy replicas `first`, one a seed; allocate `size` examples a network at every layer."""
        network, self.examples, self.function = module.network, module.examples, function
        self.weights = [_chosen(each, first) for each in network.weights]
        self.biases = [_chosen(each, first) for each in network.biases]
        like = self.weights[0]
        self.images = module.examples.images.to(like.device)
        shapes = [(len(first), size, width) for width in network.widths]
        self._flat, self.values = zip(*(padded(shape, like) for shape in shapes), strict=True)

    def signal(self, chosen: np.ndarray, layer: int) -> Tensor:
        """Return the inputs (seed, example, n) of `layer` + 1 for images (seed, example)."""
        indices = torch.from_numpy(chosen.reshape(-1)).to(self.images.device)
        images = self.images.index_select(0, indices).view(self.values[0].shape)
        a = self.examples.inputs(images, self.values[0])
        for below in range(layer):
            w, b = self.weights[below], self.biases[below]
            a = affine(a, w, b, out=self.values[below + 1])
            self.function.apply_(self._flat[below + 1])
        return a


def _chosen(each: Tensor, replicas: np.ndarray) -> Tensor:
    """Return a copy of these replicas of weights or biases, laid out as a network's are."""
    _, copy = padded((len(replicas), *each.shape[1:]), each)
    return copy.copy_(each[replicas])


def _orders(experiment: Experiment, seeds: np.ndarray, first: int, steps: int) -> np.ndarray:
    """Images (step, seed, example); each layer goes on where the one below it stopped."""
    size, count = experiment.batch_size, experiment.train_size
    rows = [step_indices(int(seed), first, steps, size, count) for seed in seeds]
    return np.stack(rows, axis=1)


def _noise(
    experiment: Experiment,
    seeds: np.ndarray,
    layer: int,
    first: int,
    steps: int,
    shape: tuple[int, int],
) -> np.ndarray:
    """Survivors (step, seed, example, feature), True or False."""
    masked = experiment.pretraining.masked
    rows = [kept(int(seed), layer, first, steps, shape, masked) for seed in seeds]
    return np.stack(rows, axis=1)
