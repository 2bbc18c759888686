"""How near our loop is to what the machine can do: arithmetic for small nets, memory for large.

    python bench/floor.py

Counted: floating-point operations of one step (two per weight and example forward, back and in the
update; layer 1 has no back), and its traffic (each weight fetched and stored once, fetched once
more). Measured on one thread: a float32 product of 1,024 x 1,024 matrices, and a copy of 256 MB.
"""

import itertools
import time
from collections.abc import Callable
from statistics import median

import torch
from ours import prepared, train
from problems import PROBLEMS, Problem, examples
from rich.console import Console
from rich.table import Table

from depthgauge.datasets.prepared import Prepared

ROUNDS = 5


def operations(problem: Problem) -> float:
    """Return the floating-point operations of one model-step, black pixels counted too."""
    layers = [n_in * n_out for n_in, n_out in itertools.pairwise(problem.widths)]
    return 2.0 * problem.batch * (3 * sum(layers) - layers[0])


def traffic(problem: Problem) -> float:
    """Return the bytes of one model-step whose weights fit into no cache."""
    layers = [n_in * n_out for n_in, n_out in itertools.pairwise(problem.widths)]
    return 4.0 * 3 * sum(layers)


def training_pace(problem: Problem, seeds: int, steps: int, data: Prepared) -> float:
    """Return model-steps per second of training alone: its own clock, without its start-up."""
    train(problem, seeds, 0, data, steps)
    return seeds * steps / median(train(problem, seeds, 0, data, steps) for _ in range(ROUNDS))


def pace(work: Callable[[], object], amount: float) -> float:
    """Return `amount` per second of `work`: the median of some rounds."""

    def seconds() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    work()
    return amount / median(seconds() for _ in range(ROUNDS))


def main() -> None:
    """Print counted, measured and reached, and the share."""
    torch.set_num_threads(1)
    one, other, out = (torch.rand(1024, 1024) for _ in range(3))
    source, target = torch.rand(1 << 25), torch.rand(1 << 25)
    product = pace(lambda: torch.mm(one, other, out=out), 2.0 * 1024**3)
    copy = pace(lambda: target.copy_(source), 2.0 * 4 * len(source))
    data = prepared(*examples())
    table = Table("what", "counted a step", "one thread does", "reached", "share")
    for name, seeds, steps in (("nielsen", 64, 4000), ("glorot", 1, 300)):
        problem = PROBLEMS[name]
        speed = training_pace(problem, seeds, steps, data)
        flops = operations(problem) * speed
        table.add_row(
            f"{name}: arithmetic", f"{operations(problem) / 1e6:.2f} MFLOP",
            f"{product / 1e9:.0f} GFLOP/s", f"{flops / 1e9:.1f} GFLOP/s", f"{flops / product:.0%}",
        )  # fmt: skip
        if name == "glorot":
            moved = traffic(problem) * speed
            table.add_row(
                f"{name}: memory", f"{traffic(problem) / 1e6:.0f} MB", f"{copy / 1e9:.1f} GB/s",
                f"{moved / 1e9:.1f} GB/s", f"{moved / copy:.0%}",
            )  # fmt: skip
    Console(width=120).print(table)
    print("nielsen: a share above 100 % would mean that black pixels, four of five, were skipped")


if __name__ == "__main__":
    main()
