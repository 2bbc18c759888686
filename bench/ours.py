"""Ours: replicas through the whole training loop that a study runs, checkpoints and probes too."""

import argparse
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from clock import arguments, report
from problems import PROBLEMS, Problem, examples
from stopwatch import Stopwatch

from depthgauge.config import Dataset, Experiment, Gradients
from depthgauge.datasets.prepared import Prepared, Split, assemble
from depthgauge.training import descent
from depthgauge.training.block import Block, Task

INITS = {"sigmoid": "nielsen_default", "tanh": "glorot_standard"}


def block_of(problem: Problem, seeds: int, steps: int, count: int, every: int) -> Block:
    """Return the block that trains `seeds` nets; gradient norms `every` n steps, 0 for never."""
    experiment = Experiment(
        dataset=Dataset("mnist", divide=256.0),
        hidden=list(problem.widths[1:-1]),
        activation=problem.activation,
        init=INITS[problem.activation],
        cost=problem.cost,
        l2=problem.l2,
        train_size=count,
        batch_size=problem.batch,
        steps=steps,
        gradients=Gradients(every=every, images=min(100, count)),
    )
    return Block(experiment, [(seed, problem.rate) for seed in range(seeds)], "bench", "bench")


def prepared(images: np.ndarray, labels: np.ndarray) -> Prepared:
    """Return the examples as a data set; a few of them stand in for the splits not used here."""
    train, few = Split(images, labels), Split(images[:10], labels[:10])
    classes = tuple("0123456789")
    return assemble("mnist", (28, 28), classes, {"train": train, "validation": few, "test": few})


def train(problem: Problem, seeds: int, every: int, data: Prepared, steps: int) -> float:
    """Train `seeds` new nets for some steps; return their seconds.

    A first epoch's order of examples was drawn in the warm-up: 1 ms a seed in 5,000 steps, which
    is 0.7 % of the time at 64 seeds, that the clock does not see.
    """
    block = block_of(problem, seeds, steps, len(data.train.labels), every)
    stopwatch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        descent.run(Task(block, data, "cpu", Path(folder), lambda *_: [stopwatch]))
    return stopwatch.seconds


def options() -> argparse.Namespace:
    """Return the command line: the common options, seeds and cadence."""
    parser = arguments()
    parser.add_argument("--seeds", type=int, default=64, help="networks trained together")
    parser.add_argument(
        "--every", type=int, default=100, help="steps between gradient norms; 0: off"
    )
    return parser.parse_args()


def main() -> None:
    """Print the speed of a block of seeds."""
    asked = options()
    data = prepared(*examples())
    run = partial(train, PROBLEMS[asked.problem], asked.seeds, asked.every, data)
    report(asked, run, asked.seeds)


if __name__ == "__main__":
    main()
