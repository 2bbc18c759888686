"""Gradient descent in which the output's biases do not learn.

Glorot and Bengio, section 3.1, suppose that these biases saturate the top layer.
"""

from depthgauge.training.module import ReplicaModule


class FixedOutputBias(ReplicaModule):
    """Every step leaves the biases of the output layer as they were drawn."""

    def on_fit_start(self) -> None:
        """Keep the biases; in a resumed run they are still the initial ones."""
        super().on_fit_start()
        self.drawn = self.network.biases[-1].clone()

    def _update(self) -> None:
        super()._update()
        self.network.biases[-1].copy_(self.drawn)
