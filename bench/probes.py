"""What looking costs: every instrument at every cadence, with and without it in turn.

    python bench/probes.py                                            # [784, 30, 30, 10], 16 seeds
    python bench/probes.py --problem glorot --only norms --pairs 3    # 5 x 1,000, 4 seeds

One process, one thread, so that both sides of a pair meet the same caches; medians over the pairs,
smallest and largest in brackets. Written to build/bench_probes_PROBLEM.json as a list of {name,
every, ratio, ratio_low, ratio_high, microseconds}; microseconds of one look at one replica.
"""

import argparse
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch
from ours import block_of, prepared
from problems import PROBLEMS, ROOT, examples
from rich.console import Console
from rich.table import Table
from stopwatch import Stopwatch

from depthgauge.config import Bounds, Experiment, Gradients, Look, Signal, Spacing
from depthgauge.datasets.prepared import Prepared
from depthgauge.training import descent
from depthgauge.training.block import Block, Task

LINEAR = {"spacing": Spacing.linear}


@dataclass(frozen=True)
class Instrument:
    """An instrument and how many images it looks at."""

    name: str
    key: str
    settings: Any
    """Makes the key's settings from `every` and, here, `spacing`."""
    images: int

    def watching(self, experiment: Experiment, every: int) -> Experiment:
        """Return the experiment with this instrument alone, every so many steps."""
        settings = self.settings(every=every, images=self.images, **LINEAR)
        return replace(experiment, **{self.key: settings})


INSTRUMENTS = (
    Instrument("gradient norms, 10 images", "gradients", Gradients, 10),
    Instrument("gradient norms, 100 images", "gradients", Gradients, 100),
    Instrument("activations (saturation), 100 images", "saturation", Look, 100),
    Instrument("spread of deltas and gradients, 100 images", "signal", Signal, 100),
    Instrument("bound (**), 100 images", "bounds", Bounds, 100),
    Instrument("layer Jacobians, 10 images", "jacobians", Look, 10),
    Instrument("speed of the output, 100 images", "output_speed", Look, 100),
)
CADENCES = (1, 10, 100)
SEEDS = {"nielsen": 16, "glorot": 4}
STEPS = {"nielsen": {1: 1_000, 10: 1_000, 100: 10_000}, "glorot": {1: 30, 10: 50, 100: 200}}
"""By problem and cadence: a training of a second or two."""


def seconds(block: Block, data: Prepared) -> float:
    """Return the seconds of one training, checkpoints and all, without Lightning's start-up."""
    stopwatch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        descent.run(Task(block, data, "cpu", Path(folder), lambda *_: [stopwatch]))
    return stopwatch.seconds


def row(
    instrument: Instrument, every: int, plain: Block, data: Prepared, pairs: int
) -> dict[str, Any]:
    """Return one row of the table."""
    watched = replace(plain, experiment=instrument.watching(plain.experiment, every))
    both = [(seconds(watched, data), seconds(plain, data)) for _ in range(pairs + 1)]
    both = both[1:]  # the first pair compiles, and fills caches
    ratios = [on / off for on, off in both]
    looks = plain.experiment.steps // every
    extra = median(on - off for on, off in both)
    return {
        "name": instrument.name,
        "every": every,
        "ratio": median(ratios),
        "ratio_low": min(ratios),
        "ratio_high": max(ratios),
        "microseconds": 1e6 * extra / looks / len(plain.replicas),
    }


def main() -> None:
    """Print the table and write it down."""
    parser = argparse.ArgumentParser(description="What looking costs, by instrument and cadence.")
    parser.add_argument("--pairs", type=int, default=5, help="with and without, so many times")
    parser.add_argument("--problem", choices=SEEDS, default="nielsen", help="what is trained")
    parser.add_argument("--seeds", type=int, default=0, help="networks trained together")
    parser.add_argument("--only", default="", help="instruments whose names contain this text")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    images, labels = examples()
    data = prepared(images, labels)
    found = []
    for instrument in (each for each in INSTRUMENTS if asked.only in each.name):
        for every in CADENCES:
            steps, seeds = STEPS[asked.problem][every], asked.seeds or SEEDS[asked.problem]
            block = block_of(PROBLEMS[asked.problem], seeds, steps, len(labels), 0)
            found.append(row(instrument, every, block, data, asked.pairs))
    show(found)
    target = ROOT / "build" / f"bench_probes_{asked.problem}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(found, indent=1) + "\n")


def show(found: list[dict[str, Any]]) -> None:
    """Print the rows as a table."""
    table = Table("instrument", "every", "time of a step", "from", "to", "µs a look")
    for each in found:
        ratios = [f"{each[name]:.3f}" for name in ("ratio", "ratio_low", "ratio_high")]
        table.add_row(each["name"], str(each["every"]), *ratios, f"{each['microseconds']:.0f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
