"""Nets, costs and optimizer as a PyTorch user writes them today, for both torch peers."""

import torch
from problems import Problem
from torch import Tensor, nn
from torch.nn import functional

ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def build(problem: Problem) -> nn.Sequential:
    """Return the net without its output activation, with the initial weights of the source."""
    layers: list[nn.Module] = []
    for n_in, n_out in zip(problem.widths, problem.widths[1:], strict=False):
        linear = nn.Linear(n_in, n_out)  # U[-1/sqrt(n_in), 1/sqrt(n_in)]: Glorot & Bengio, eq. 1
        if problem.activation == "sigmoid":
            nn.init.normal_(linear.weight, std=n_in**-0.5)
            nn.init.normal_(linear.bias)
        else:
            nn.init.zeros_(linear.bias)
        layers += [linear, ACTIVATIONS[problem.activation]()]
    return nn.Sequential(*layers[:-1])


def cost(problem: Problem, z: Tensor, y: Tensor) -> Tensor:
    """Return the mean cost of outputs z (n, 10), before their activation, at targets of `pairs`."""
    if problem.cost == "nll":
        return functional.cross_entropy(z, y)
    return functional.binary_cross_entropy_with_logits(z, y, reduction="sum") / len(z)


def pairs(problem: Problem, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return all inputs as floats and all targets, made once: class numbers, or one-hot floats."""
    x, y = images.float() / 256, labels.long()
    return x, y if problem.cost == "nll" else functional.one_hot(y, 10).float()


def optimizer(problem: Problem, net: nn.Module, examples: int) -> torch.optim.SGD:
    """Return plain SGD; the L2 term is on weights alone, as in Nielsen's runs."""
    if not problem.l2:
        return torch.optim.SGD(net.parameters(), lr=problem.rate)
    weights = [each for each in net.parameters() if each.ndim == 2]
    biases = [each for each in net.parameters() if each.ndim == 1]
    groups = [{"params": weights, "weight_decay": problem.l2 / examples}, {"params": biases}]
    return torch.optim.SGD(groups, lr=problem.rate)
