"""The procedure of unsupervised pre-training.

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
from depthgauge.datasets.prepared import Prepared
from depthgauge.nets.activations import Activation, activation
from depthgauge.nets.buffers import padded
from depthgauge.nets.products import affine
from depthgauge.training import descent
from depthgauge.training.autoencoders import AutoEncoder, kept
from depthgauge.training.block import Task
from depthgauge.training.checkpoint import StateFile
from depthgauge.training.engine import CHUNK
from depthgauge.training.module import ReplicaModule

CHECKPOINT = "pretraining.safetensors"
"""In the block's folder, while it is pre-trained; descent has a file of its own."""


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

    The learning rate is not used: replicas that share a seed share these steps. A killed run
    resumes from a checkpoint of its own in the task's folder.
    """
    module.to(task.device)
    experiment, network = task.block.experiment, module.network
    if not experiment.pretraining.steps:
        return
    seeds, first, which = np.unique(task.block.seeds, return_index=True, return_inverse=True)
    function = activation(experiment.activation)
    distinct = _Distinct(module, first, experiment.batch_size, function)
    kept_at = StateFile(task.folder / CHECKPOINT, task.block.key, descent.CHECKPOINT_SECONDS)
    done = distinct.restore(kept_at)
    for layer in range(done // experiment.pretraining.steps, len(experiment.hidden)):
        _train_layer(distinct, layer, experiment, seeds, kept_at, done)
    for layer in range(len(experiment.hidden)):
        network.weights[layer].copy_(distinct.weights[layer][which])
        network.biases[layer].copy_(distinct.biases[layer][which])


def _train_layer(
    distinct: "_Distinct",
    layer: int,
    experiment: Experiment,
    seeds: np.ndarray,
    kept_at: StateFile,
    done: int,
) -> None:
    """Train one layer from step `done` of all layers' steps on, which may be before its first."""
    settings, size = experiment.pretraining, experiment.batch_size
    before, weights = layer * settings.steps, distinct.weights[layer]
    encoder = AutoEncoder(weights, distinct.biases[layer], size, distinct.function)
    if done > before:
        encoder.visible.copy_(distinct.visible)
    _, noisy = padded((len(seeds), size, weights.shape[2]), weights)
    for start in range(max(done - before, 0), settings.steps, CHUNK):
        steps = min(CHUNK, settings.steps - start)
        # each layer goes on where the one below it stopped
        order = descent.orders(seeds.tolist(), experiment, before + start, steps)
        noise = _noise(experiment, seeds, layer, start, steps, (size, weights.shape[2]))
        for row in range(steps):
            clean = distinct.signal(order[row], layer)
            survivors = torch.from_numpy(noise[row]).to(weights.device)
            encoder.step(clean, torch.mul(clean, survivors, out=noisy), settings.rate / size)
        if kept_at.due():
            distinct.visible = encoder.visible
            distinct.save(kept_at, before + start + steps)


class _Distinct:
    """One network a seed, and what its layers are fed: the images, through the layers below."""

    def __init__(
        self, module: ReplicaModule, first: np.ndarray, size: int, function: Activation
    ) -> None:
        """Copy replicas `first`, one a seed; allocate `size` examples a network at every layer."""
        network, self.examples, self.function = module.network, module.engine.examples, function
        self.weights = [_chosen(each, first) for each in network.weights]
        self.biases = [_chosen(each, first) for each in network.biases]
        like = self.weights[0]
        self.images = self.examples.images.to(like.device)
        shapes = [(len(first), size, width) for width in network.widths]
        self._flat, self.values = zip(*(padded(shape, like) for shape in shapes), strict=True)
        self.visible = like.new_zeros(0)
        """The decoder's bias (seed, 1, feature) of the layer that is being trained."""

    def _state(self) -> dict[str, Tensor]:
        parts = {"weight": self.weights, "bias": self.biases}
        return {f"{kind}_{at}": each for kind in parts for at, each in enumerate(parts[kind], 1)}

    def save(self, file: StateFile, step: int) -> None:
        """Write all that steps change; the orders and the noise follow from seed and step."""
        state = {**self._state(), "visible": self.visible}
        file.save(step, {name: each.cpu().numpy() for name, each in state.items()})

    def restore(self, file: StateFile) -> int:
        """Bring back what was written; return the steps done, 0 without."""
        step, arrays = file.load()
        if arrays:
            for name, each in self._state().items():
                each.copy_(torch.from_numpy(arrays[name]))
            self.visible = torch.from_numpy(arrays["visible"]).to(self.weights[0].device)
        return step

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
