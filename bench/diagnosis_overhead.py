"""What watching costs: whole trainings with and without, in turns; and what an import costs.

`python bench/diagnosis_overhead.py` prints two Markdown tables: ratios, the median over pairs, the
least and the most; and what one look adds, in steps of the same training, with the share that
follows for 1,000 steps and in the long run. Seconds are the processor's, on one thread: other work
on the machine counts little, and least in the second table, whose steps lie side by side. Looks are
at the default steps: 0, 1, 2, 4, ..., 64, 100, 200, ... A pair is two trainings of one network from
one seed, one after the other, in alternating order.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from statistics import median

import torch
from torch import nn
from torch.nn import functional

from depthgauge.diagnosis.cadence import is_due
from depthgauge.diagnosis.recorder import Recorder
from depthgauge.diagnosis.watch import watch

CALLBACK = "from depthgauge import GradientFlow"
LIGHTNING = "import pytorch_lightning"
EVERY = 100
"""The default cadence."""


def dense() -> tuple[nn.Module, tuple[int, ...]]:
    """Five hidden layers of 256."""
    layers: list[nn.Module] = [nn.Linear(64, 256), nn.ReLU()]
    for _ in range(4):
        layers += [nn.Linear(256, 256), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(256, 10)), (64,)


def convolutional() -> tuple[nn.Module, tuple[int, ...]]:
    """Four convolutions, each with batch normalization."""
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 16), (16, 16), (16, 32), (32, 32)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * 64, 10)), (1, 8, 8)


def transformer() -> tuple[nn.Module, tuple[int, ...]]:
    """Two pre-norm blocks of width 64 on 8 tokens."""
    block = nn.TransformerEncoderLayer(64, 4, 128, 0.0, batch_first=True, norm_first=True)
    encoder = nn.TransformerEncoder(block, 2, enable_nested_tensor=False)
    return nn.Sequential(nn.Linear(32, 64), encoder, nn.Flatten(), nn.Linear(512, 10)), (8, 32)


NETS = {
    "dense 5 x 256": dense,
    "CNN with batch norm": convolutional,
    "transformer, 2 blocks": transformer,
}


def train(make: Callable[[], tuple[nn.Module, tuple[int, ...]]], steps: int, on: bool) -> float:
    """Train from seed 0, watched or not; return the processor's seconds for the loop."""
    torch.manual_seed(0)
    net, shape = make()
    x, y = torch.randn(64, *shape), torch.randint(0, 10, (64,))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    begin = time.process_time()
    with watch(net, optimizer) if on else nullcontext():
        for _ in range(steps):
            optimizer.zero_grad()
            functional.cross_entropy(net(x), y).backward()
            optimizer.step()
    return time.process_time() - begin


def look_cost(make: Callable[[], tuple[nn.Module, tuple[int, ...]]], looks: int = 40) -> float:
    """Return what a look adds to its step, in steps: medians of steps with one and of those around.

    Every fourth step is looked at; the first ten looks warm up.
    """
    torch.manual_seed(0)
    net, shape = make()
    x, y = torch.randn(64, *shape), torch.randint(0, 10, (64,))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    took: dict[bool, list[float]] = {True: [], False: []}
    recorder = Recorder(net, lambda step: step % 4 == 3)

    def count(*_: object) -> None:
        recorder.stepped()

    optimizer.register_step_post_hook(count)
    for step in range(4 * looks):
        begin = time.process_time()
        recorder.begin()
        optimizer.zero_grad()
        functional.cross_entropy(net(x), y).backward()
        optimizer.step()
        recorder.end()
        if step >= 40:
            took[step % 4 == 3].append(time.process_time() - begin)
    quiet = median(took[False])
    return (median(took[True]) - quiet) / quiet


def costs() -> Iterator[str]:
    """Yield the lines of the second table."""
    yield "\n| | a look, in steps | looks in 1,000 steps | share of them | in the long run |"
    yield "|---|---|---|---|---|"
    looks = sum(is_due(step, EVERY) for step in range(1000))
    for name, make in NETS.items():
        cost = look_cost(make)
        share = looks * cost / 1000
        yield f"| {name} | {cost:.2f} | {looks} | {share:.1%} | {cost / EVERY:.1%} |"


def started(code: str) -> float:
    """Return the processor's seconds of a new Python for one import."""
    before = os.times()
    subprocess.run([sys.executable, "-c", code], check=True)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])  # of children: user and system


def ratios(seconds: Callable[[bool], float], pairs: int) -> Iterator[float]:
    """Yield with / without of each pair; every other pair begins with `with`."""
    for number in range(pairs):
        order = (False, True) if number % 2 == 0 else (True, False)
        took = {on: seconds(on) for on in order}
        yield took[True] / took[False]


def row(name: str, seconds: Callable[[bool], float], pairs: int) -> str:
    """Return a line of the table; a first run of each kind warms up."""
    for on in (False, True):
        seconds(on)
    seen = list(ratios(seconds, pairs))
    return f"| {name} | {median(seen):.3f} | {min(seen):.3f} | {max(seen):.3f} | {pairs} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(
        f"| {options.steps:,} steps | median ratio | least | most | pairs |\n|---|---|---|---|---|"
    )
    for name, make in NETS.items():
        one = lambda on, make=make: train(make, options.steps, on)  # noqa: E731
        print(row(name, one, options.pairs), flush=True)
    imports = row(
        f"`{CALLBACK}` / `{LIGHTNING}`",
        lambda on: started(CALLBACK if on else LIGHTNING),
        options.pairs,
    )
    print(imports)
    print(*costs(), sep="\n")


if __name__ == "__main__":
    main()
