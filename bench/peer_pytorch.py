"""A plain PyTorch loop: permute the examples, slice mini-batches, backward, step."""

import time
from functools import partial

import torch
import torch_net
from clock import arguments, report
from problems import PROBLEMS, Problem, examples
from torch import Tensor, nn


def train(problem: Problem, net: nn.Module, x: Tensor, y: Tensor, steps: int) -> float:
    """Train `net` for some steps; return their seconds."""
    optimizer = torch_net.optimizer(problem, net, len(x))
    start = time.perf_counter()
    done = 0
    while done < steps:
        order = torch.randperm(len(x))
        for chosen in order.split(problem.batch)[: steps - done]:
            optimizer.zero_grad()
            torch_net.cost(problem, net(x[chosen]), y[chosen]).backward()
            optimizer.step()
            done += 1
    return time.perf_counter() - start


def main() -> None:
    """Print the speed of one problem."""
    options = arguments().parse_args()
    problem = PROBLEMS[options.problem]
    images, labels = map(torch.from_numpy, examples())
    x, y = torch_net.pairs(problem, images, labels)
    report(options, partial(train, problem, torch_net.build(problem), x, y))


if __name__ == "__main__":
    main()
