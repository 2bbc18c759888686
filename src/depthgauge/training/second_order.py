"""The procedure with a step size for each parameter: stochastic diagonal Levenberg-Marquardt.

w <- w - rate * dC/dw / (damping * m + h), where h runs after the curvature along each parameter
and m is its mean over the network. Source: LeCun et al., Efficient BackProp (1998), section 9.1;
Glorot and Bengio, section 5, name the Hessian's diagonal and a gradient variance estimate for h.
"""

from functools import partial
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from depthgauge.config import Curvature, Experiment, StepSizes
from depthgauge.datasets.prepared import Prepared
from depthgauge.nets.buffers import padded
from depthgauge.nets.curvature import SecondPass, bias_curvature, typical, weight_curvature
from depthgauge.training import descent
from depthgauge.training.block import Task
from depthgauge.training.module import ReplicaModule


def run(task: Task) -> xr.Dataset:
    """Train the task's block with step sizes of its own for every parameter."""
    kind = partial(CurvedModule, settings=task.block.experiment.step_sizes)
    return descent.train(task, descent.build_module(task.block, task.data, kind))


def work(experiment: Experiment, data: Prepared) -> float:
    """Return descent's operations, and four a weight and example where curvature is renewed."""
    return descent.work(experiment, data) * (1 + 4 / 6 / experiment.step_sizes.every)


class CurvedModule(ReplicaModule):
    """Descent in which every parameter has a step size, renewed as its curvature changes."""

    recordable = False  # it asks whether the curvature is due
    updates: Tensor

    def __init__(self, *arguments: Any, settings: StepSizes) -> None:
        """Take what ReplicaModule takes; the curvature is kept with the network's state."""
        super().__init__(*arguments)
        self.settings = settings
        self.register_buffer("updates", torch.zeros(1, dtype=torch.long))
        for name, value in self.network.named_buffers():
            self.register_buffer(f"curvature_{name}", padded(tuple(value.shape), value)[1])

    def on_fit_start(self) -> None:
        """Allocate the buffers of the second pass too."""
        super().on_fit_start()
        self.second = SecondPass(self.batch)
        self.gradients, self.fresh, self.steps = (
            [padded(tuple(w.shape), w)[1] for w in self.network.weights] for _ in range(3)
        )
        self.bias_steps = [torch.zeros_like(b) for b in self.network.biases]
        if self.updates:
            self._set_steps()

    def _kept(self) -> tuple[list[Tensor], list[Tensor]]:
        """The running curvatures of weights and of biases, layers 1..L."""
        weights, biases = (
            [self.get_buffer(f"curvature_{kind}_{layer}") for layer in self.network.layers]
            for kind in ("weight", "bias")
        )
        return weights, biases

    def _update(self) -> None:
        """One step; deltas carry rate / batch size already."""
        inputs = [self.x, *self.batch.activations[:-1]]
        for gradient, delta, a in zip(self.gradients, self.batch.deltas, inputs, strict=True):
            torch.bmm(delta.mT, a, out=gradient)
        if self.updates % self.settings.every == 0:
            self._renew(inputs)
            self._set_steps()
        layers = zip(self.network.weights, self.gradients, self.steps, strict=True)
        for w, gradient, step in layers:
            w.addcmul_(gradient, step, value=-1)
        biases = zip(self.network.biases, self.batch.deltas, self.bias_steps, strict=True)
        for b, delta, step in biases:
            b.addcmul_(delta.sum(dim=1, keepdim=True), step, value=-1)
        self.updates += 1

    def _renew(self, inputs: list[Tensor]) -> None:
        """Move the running curvatures toward this mini-batch's: a plain mean while they are few."""
        seen = int(self.updates) // self.settings.every
        share = max(1 - self.settings.memory, 1 / (seen + 1))
        hessian = self.settings.curvature is Curvature.hessian
        h = self.second.backward() if hessian else [delta**2 for delta in self.batch.deltas]
        for index, (weight, bias) in enumerate(zip(*self._kept(), strict=True)):
            fresh = weight_curvature(h[index], inputs[index], self.fresh[index])
            fresh_bias = bias_curvature(h[index])
            if not hessian:
                bias_sum = self.batch.deltas[index].sum(dim=1, keepdim=True)
                self._as_variance(fresh, self.gradients[index])
                self._as_variance(fresh_bias, bias_sum)
            weight.lerp_(fresh, share)
            bias.lerp_(fresh_bias, share)

    def _as_variance(self, square: Tensor, gradient_sum: Tensor) -> None:
        """Turn a mean square over examples into the unbiased variance, in place.

        Both still carry (rate / batch size)^2 and rate / batch size, which is taken out.
        """
        examples = self.descent.batch_size
        square.addcmul_(gradient_sum, gradient_sum, value=-1 / examples**2)
        square.mul_(examples / (examples - 1)).div_(self.scale**2).clamp_(min=0)

    def _set_steps(self) -> None:
        """Turn the running curvatures into step sizes over the rate."""
        weights, biases = self._kept()
        least = self.settings.damping * typical([*weights, *biases])
        for kept, steps in ((weights, self.steps), (biases, self.bias_steps)):
            for curvature, step in zip(kept, steps, strict=True):
                torch.add(curvature, least, out=step).reciprocal_()
