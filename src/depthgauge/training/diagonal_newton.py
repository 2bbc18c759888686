"""An update with a step size for each parameter: stochastic diagonal Levenberg-Marquardt.

w <- w - rate * dC/dw / (damping * m + h), where h runs after the curvature along each parameter
and m is its mean over the network. Source: LeCun et al., Efficient BackProp (1998), section 9.1;
Glorot and Bengio, section 5, name the Hessian's diagonal and a gradient variance estimate for h.
"""

import torch
from torch import Tensor

from depthgauge.config import Curvature, StepSizes
from depthgauge.nets.backpropagation import Pass
from depthgauge.nets.buffers import padded
from depthgauge.nets.curvature import SecondPass, bias_curvature, typical, weight_curvature
from depthgauge.nets.network import ReplicaNetwork
from depthgauge.training.sgd import SGDSettings
from depthgauge.training.updates import Update


class DiagonalNewton(Update):
    """SGD in which every parameter has a step size, renewed as its curvature changes."""

    capturable = False  # it asks whether the curvature is due
    updates: Tensor

    def __init__(self, network: ReplicaNetwork, sgd: SGDSettings, *, settings: StepSizes) -> None:
        """The curvature is part of the state."""
        super().__init__()
        self.settings, self.sgd, self.layers = settings, sgd, network.layers
        self.register_buffer("updates", torch.zeros(1, dtype=torch.long))
        for name, value in network.named_parameters():
            self.register_buffer(f"curvature_{name}", padded(tuple(value.shape), value.data)[1])

    def start(self, batch: Pass, x: Tensor) -> None:
        """Allocate the buffers of the second pass too."""
        self.batch, self.x = batch, x
        self.scale = self.sgd.scale(batch.weights[0])
        self.second = SecondPass(batch)
        self.gradients, self.fresh, self.steps = (
            [padded(tuple(w.shape), w)[1] for w in batch.weights] for _ in range(3)
        )
        self.bias_steps = [torch.zeros_like(b) for b in batch.biases]
        if self.updates:
            self._set_steps()

    def _kept(self) -> tuple[list[Tensor], list[Tensor]]:
        """The running curvatures of weights and of biases, layers 1..L."""
        weights, biases = (
            [self.get_buffer(f"curvature_{kind}_{layer}") for layer in self.layers]
            for kind in ("weight", "bias")
        )
        return weights, biases

    def step(self) -> None:
        """One step; deltas carry rate / batch size already."""
        inputs = [self.x, *self.batch.activations[:-1]]
        for gradient, delta, a in zip(self.gradients, self.batch.deltas, inputs, strict=True):
            torch.bmm(delta.mT, a, out=gradient)
        if self.updates % self.settings.every == 0:
            self._renew(inputs)
            self._set_steps()
        layers = zip(self.batch.weights, self.gradients, self.steps, strict=True)
        for w, gradient, step in layers:
            w.addcmul_(gradient, step, value=-1)
        biases = zip(self.batch.biases, self.batch.deltas, self.bias_steps, strict=True)
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
        examples = self.sgd.batch_size
        square.addcmul_(gradient_sum, gradient_sum, value=-1 / examples**2)
        square.mul_(examples / (examples - 1)).div_(self.scale**2).clamp_(min=0)

    def _set_steps(self) -> None:
        """Turn the running curvatures into step sizes over the rate."""
        weights, biases = self._kept()
        least = self.settings.damping * typical([*weights, *biases])
        for kept, steps in ((weights, self.steps), (biases, self.bias_steps)):
            for curvature, step in zip(kept, steps, strict=True):
                torch.add(curvature, least, out=step).reciprocal_()
