"""Replicas in PyTorch: `torch.func`, a gradient mapped over the nets' stacked parameters."""

import time
from collections.abc import Sequence
from functools import partial

import torch
import torch_net
from clock import arguments, report
from problems import PROBLEMS, Problem, examples
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

Parameters = dict[str, Tensor]
"""By name, (replica, ...)."""


def train(problem: Problem, nets: Sequence[nn.Module], x: Tensor, y: Tensor, steps: int) -> float:
    """Train copies of `nets` for some steps; return their seconds."""
    parameters, _ = stack_module_state([*nets])
    with torch.no_grad():
        parameters = {name: each.clone() for name, each in parameters.items()}
        return descend(problem, nets[0], parameters, x, y, steps)


def descend(
    problem: Problem, net: nn.Module, parameters: Parameters, x: Tensor, y: Tensor, steps: int
) -> float:
    """Do the steps on `parameters`, in place, each replica in an order of its own."""

    def cost(own: Parameters, x: Tensor, y: Tensor) -> Tensor:
        return torch_net.cost(problem, functional_call(net, own, (x,)), y)

    gradient = vmap(grad(cost))
    replicas = len(next(iter(parameters.values())))
    shrink = 1 - problem.rate * problem.l2 / len(x)
    start = time.perf_counter()
    done = 0
    while done < steps:
        order = torch.stack([torch.randperm(len(x)) for _ in range(replicas)])
        for chosen in order.split(problem.batch, dim=1)[: steps - done]:
            found = gradient(parameters, x[chosen], y[chosen])
            for name, each in parameters.items():
                if problem.l2 and each.ndim == 3:
                    each.mul_(shrink)
                each.sub_(found[name], alpha=problem.rate)
            done += 1
    return time.perf_counter() - start


def main() -> None:
    """Print the speed of a block of seeds."""
    parser = arguments()
    parser.add_argument("--seeds", type=int, default=64, help="networks trained together")
    options = parser.parse_args()
    problem = PROBLEMS[options.problem]
    x, y = torch_net.pairs(problem, *map(torch.from_numpy, examples()))
    nets = [torch_net.build(problem) for _ in range(options.seeds)]
    report(options, partial(train, problem, nets, x, y), options.seeds)


if __name__ == "__main__":
    main()
