"""What watching costs: whole trainings with and without, in turns; and what an import costs.

`python bench/diagnosis_overhead.py` prints two Markdown tables: ratios of seconds, each the median
over pairs with its 95 % interval; and what one look adds, in steps of the same training, with the
share that follows for as many steps and in the long run. Seconds are the processor's, on one
thread: other work on the machine counts little, and least in the second table, whose steps lie side
by side. Looks are at the default steps: 0, 1, 2, 4, ..., 64, 100, 200, ... A pair is two trainings
of one network from one seed, a hundred steps of the one and a hundred of the other in turns, from
step 50 on.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from statistics import median

import numpy as np
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
BLOCK = 100
"""Steps before the other training of a pair has its turn: at steps 50, 150, 250, ..., of which none
is looked at. A look begins as the step before it ends, and would slow the other training down."""

BEGIN, END = (
    "<!-- overhead: written by bench/diagnosis_overhead.py --docs -->\n",
    "<!-- /overhead -->",
)

Made = Callable[[], tuple[nn.Module, tuple[int, ...]]]
"""Makes a network and says the shape of one example."""


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


def blocks(make: Made, steps: int, on: bool) -> Iterator[float]:
    """Train from seed 0, watched or not; yield the processor's seconds of each turn."""
    torch.manual_seed(0)
    net, shape = make()
    x, y = torch.randn(64, *shape), torch.randint(0, 10, (64,))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    with watch(net, optimizer) if on else nullcontext():
        for turn in (BLOCK // 2, *[BLOCK] * (steps // BLOCK - 1), BLOCK // 2):
            begin = time.process_time()
            for _ in range(turn):
                optimizer.zero_grad()
                functional.cross_entropy(net(x), y).backward()
                optimizer.step()
            yield time.process_time() - begin


def pair(make: Made, steps: int) -> tuple[float, float]:
    """Train two networks, one of them watched, block by block in turns.

    Return the ratio of their seconds over all steps, and that over the first turn.
    """
    both = list(zip(blocks(make, steps, True), blocks(make, steps, False), strict=True))
    watched, plain = (sum(each) for each in zip(*both, strict=True))
    return watched / plain, both[0][0] / both[0][1]


def look_cost(make: Made, looks: int = 40) -> float:
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


def costs(steps: int, nets: Mapping[str, Made]) -> Iterator[str]:
    """Yield the lines of the second table."""
    yield f"\n| | a look, in steps | looks in {steps:,} steps | share of them | in the long run |"
    yield "|---|---|---|---|---|"
    looks = sum(is_due(step, EVERY) for step in range(steps))
    for name, make in nets.items():
        cost = look_cost(make)
        yield f"| {name} | {cost:.2f} | {looks} | {looks * cost / steps:.1%} | {cost / EVERY:.1%} |"


def started(code: str) -> float:
    """Return the processor's seconds of a new Python for one import."""
    before = os.times()
    subprocess.run([sys.executable, "-c", code], check=True)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])  # of children: user and system


def imports(pairs: int) -> list[float]:
    """Return how much longer the callback's import takes than Lightning's, once a pair."""
    return [started(CALLBACK) / started(LIGHTNING) for _ in range(pairs)]


def spread(ratios: Sequence[float]) -> str:
    """Return the median, and its 95 % interval by bootstrap over pairs."""
    drawn = np.random.default_rng(0).choice(ratios, (2000, len(ratios)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return f"{median(ratios):.3f} [{low:.3f}, {high:.3f}]"


def lines(steps: int, pairs: int, nets: Mapping[str, Made], with_imports: bool) -> Iterator[str]:
    """Yield both tables, line by line."""
    yield f"| | {steps:,} steps | the first {BLOCK // 2} | pairs |"
    yield "|---|---|---|---|"
    for name, make in nets.items():
        pair(make, BLOCK)  # warms up
        whole, first = zip(*(pair(make, steps) for _ in range(pairs)), strict=True)
        yield f"| {name} | {spread(whole)} | {spread(first)} | {pairs} |"
    if with_imports:
        yield f"| `{CALLBACK}` / `{LIGHTNING}` | {spread(imports(pairs))} | | {pairs} |"
    yield from costs(steps, nets)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--only", default="", help="networks whose name contains this")
    parser.add_argument("--docs", type=Path, help="write the tables into this page")
    options = parser.parse_args()
    nets = {name: make for name, make in NETS.items() if options.only in name}
    torch.set_num_threads(1)
    found = []
    for line in lines(options.steps, options.pairs, nets, not options.only):
        print(line, flush=True)
        found.append(line)
    if options.docs:
        text = options.docs.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        made = "\n".join(found)
        options.docs.write_text(f"{before}{BEGIN}{made}\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()
