"""A network of a study as an ordinary module, so that the diagnosis can look at it, too.

The studies hold the weights of many networks in one tensor and write back-propagation out; hooks
see nothing there. What is made here has the same numbers and is trained by autograd.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from depthgauge.errors import ConfigError

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "softsign": nn.Softsign,
    "relu": nn.ReLU,
}
"""By the names that configurations give them."""


def study_network(
    weights: Sequence[Tensor], biases: Sequence[Tensor], activation: str
) -> nn.Sequential:
    """Return a dense network with these weights (n_out, n_in) and biases (n_out,).

    Input side first. The output layer is linear: its function belongs to the cost. Replica r of a
    `ReplicaNetwork` has `[w[r] for w in network.weights]`, `[b[r, 0] for b in network.biases]`.
    Raises ConfigError for an activation that no study has.
    """
    if activation not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise ConfigError(f"activation={activation} is unknown; choose one of {known}")
    layers: list[nn.Module] = []
    for weight, bias in zip(weights, biases, strict=True):
        n_out, n_in = weight.shape
        layer = nn.Linear(n_in, n_out, device=weight.device, dtype=weight.dtype)
        with torch.no_grad():
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
        layers += [layer, ACTIVATIONS[activation]()]
    return nn.Sequential(*layers[:-1])
