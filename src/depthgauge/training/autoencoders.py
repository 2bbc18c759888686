"""Greedy layer-wise denoising auto-encoders, with tied weights and masking noise.

Units are sigmoid or tanh; the reconstruction is judged by cross-entropy.
Source: Vincent, Larochelle, Bengio and Manzagol, ICML 2008, whom Glorot and Bengio cite for the
pre-trained nets of Figs. 11 and 12.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from depthgauge.nets.activations import Activation
from depthgauge.nets.buffers import padded
from depthgauge.nets.products import affine

RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
"""Activation -> its output range, within which inputs can be reconstructed."""

MASK_STREAM = 3
"""Distinguishes the noise from initial weights, orders and signals of the same seed."""

Rows = Float[Tensor, "replica example feature"]


class AutoEncoder:
    """R denoising auto-encoders on one layer's weights and biases, trained in place.

    Encoder f(w x + b), decoder f(w^T h + c), f the sigmoid or tanh; c starts at 0 and is discarded.
    Where f is tanh, (1 + x) / 2 is what the cross-entropy takes for a probability: since
    (1 + tanh v) / 2 = sigmoid(2 v), the decoder's delta is reconstruction - x for both.
    """

    def __init__(
        self, weights: Tensor, biases: Tensor, examples: int, activation: Activation
    ) -> None:
        """Take a layer's weights (R, n_out, n_in) and biases (R, 1, n_out) of a network."""
        self.weights, self.biases, self.activation = weights, biases, activation
        replicas, n_out, n_in = weights.shape
        _, self.visible = padded((replicas, 1, n_in), weights)
        self._flat_code, self.code = padded((replicas, examples, n_out), weights)
        self._flat_back, self.back = padded((replicas, examples, n_in), weights)
        self._flat_delta, self.delta = padded((replicas, examples, n_out), weights)

    def reconstruct(self, noisy: Rows) -> Rows:
        """Return what the decoder makes of `noisy`; kept until the next call."""
        affine(noisy, self.weights, self.biases, out=self.code)
        self.activation.apply_(self._flat_code)
        affine(self.code, self.weights.mT, self.visible, out=self.back)
        self.activation.apply_(self._flat_back)
        return self.back

    def step(self, clean: Rows, noisy: Rows, scale: float) -> None:
        """Descend the cross-entropy between `clean` and its reconstruction from `noisy` once.

        `scale` is the learning rate over the number of examples.
        """
        error = self.reconstruct(noisy).sub_(clean).mul_(scale)  # the decoder's delta
        torch.bmm(error, self.weights.mT, out=self.delta)
        self.activation.chain_(self._flat_delta, self._flat_code)
        # weights are tied: they learn as encoder and as decoder
        self.weights.baddbmm_(self.delta.mT, noisy, alpha=-1)
        self.weights.baddbmm_(self.code.mT, error, alpha=-1)
        self.biases.sub_(self.delta.sum(dim=1, keepdim=True))
        self.visible.sub_(error.sum(dim=1, keepdim=True))


def kept(
    seed: int, layer: int, first: int, steps: int, shape: tuple[int, int], masked: float
) -> Bool[np.ndarray, "step example feature"]:
    """Return which inputs of `layer` survive the noise in these steps of `seed`.

    A pure function of seed, layer and step: each step's words start at a counter of their own.
    """
    examples, features = shape
    words = -(-examples * features // 8)  # eight bytes a word, one byte an input
    blocks = -(-words // 4)  # Philox makes four words for each tick of its counter
    stream = np.random.SeedSequence(entropy=seed, spawn_key=(MASK_STREAM, layer))
    source = np.random.Philox(stream).advance(first * blocks)
    drawn = source.random_raw(steps * blocks * 4).view(np.uint8).reshape(steps, -1)
    return (drawn[:, : examples * features] >= round(256 * masked)).reshape(steps, *shape)
