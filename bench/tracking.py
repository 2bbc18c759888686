"""What tracking in MLflow costs beside the training that it follows: `python bench/tracking.py`.

[784, 30, 30, 10], 64 seeds, 20,000 steps, gradient norms every 100, one thread, a new database in a
temporary folder. Each round trains anew and then does what a sweep of that one cell would do:

  start    find or create the runs, describe them, set the parent going
  live     write the curves' points
  import   bring in the finished record: what live did not know, and tables of every seed
  again    the same once more, when nothing is new

Printed: medians over the rounds, smallest and largest in brackets, and the share of the training.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import torch
import xarray as xr
from ours import block_of, prepared
from problems import PROBLEMS, ROOT, examples
from rich.console import Console
from rich.table import Table
from stopwatch import Stopwatch

from depthgauge.config import Gradients, plain
from depthgauge.datasets.prepared import Prepared
from depthgauge.tracking.buffer import LiveMetrics
from depthgauge.tracking.curves import points
from depthgauge.tracking.import_records import track
from depthgauge.tracking.runs import end_run, start_run, start_sweep
from depthgauge.tracking.store import Store, open_store
from depthgauge.tracking.sweep import sweep_of
from depthgauge.training import descent
from depthgauge.training.block import Task

SEEDS, STEPS, EVERY = 64, 20_000, 100


def trained(data: Prepared, round_: int) -> tuple[xr.Dataset, float]:
    """Return the record of a training, distinguished by its round, and the seconds it took."""
    block = block_of(PROBLEMS["nielsen"], SEEDS, STEPS, len(data.train.labels), 0)
    experiment = replace(block.experiment, gradients=Gradients(every=EVERY))
    block, stopwatch = replace(block, experiment=experiment), Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        record = descent.run(Task(block, data, "cpu", Path(folder), lambda *_: [stopwatch]))
    described = {
        "study": "bench",
        "scale": "quick",
        "label": f"round={round_}",
        "config": plain(experiment),
        "notebook": {"question": "What does tracking cost?"},
        "data": {"name": data.name, "hash": data.hash},
        "cell": f"cell{round_}",
        "keys": [f"block{round_}"],
        "params": {"seeds": SEEDS},
        "learning_rates": np.unique(record["learning_rate"].values).tolist(),
    }
    return record.assign_attrs(described), stopwatch.seconds


def tracked(store: Store, record: xr.Dataset) -> dict[str, float]:
    """Return the seconds of each part."""
    sweep = sweep_of([record.attrs])
    run_id = ""

    def start() -> None:
        nonlocal run_id
        (run_id,) = start_sweep(store, sweep).children.values()
        start_run(store, run_id)

    def live() -> None:
        curves = LiveMetrics(store, run_id, print)
        curves.add(points(record))
        curves.flush()
        end_run(store, run_id, "FINISHED")

    def bring() -> None:
        track(store, sweep, [record], {})

    parts = {"start": start, "live": live, "import": bring, "again": bring}
    return {name: timed(part) for name, part in parts.items()}


def timed(part: Callable[[], None]) -> float:
    """Return how many seconds `part` takes."""
    start = time.perf_counter()
    part()
    return time.perf_counter() - start


def main() -> None:
    """Print the table and write it down."""
    parser = argparse.ArgumentParser(description="What tracking in MLflow costs.")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    data = prepared(*examples())
    found: dict[str, list[float]] = {}
    counts = []
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder))
        for round_ in range(asked.rounds + 1):
            record, seconds = trained(data, round_)
            counts.append(sum(len(steps) for steps, _ in points(record).values()))
            for name, each in {"training": seconds, **tracked(store, record)}.items():
                found.setdefault(name, []).append(each)
    kept = {name: each[1:] for name, each in found.items()}  # the first compiles, and fills caches
    show(kept, counts[-1])
    target = ROOT / "build" / "bench_tracking.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(kept, indent=1) + "\n")


def show(found: dict[str, list[float]], count: int) -> None:
    """Print the parts as a table."""
    table = Table("part", "seconds", "of the training")
    training = median(found["training"])
    for name, each in found.items():
        spread = f"{median(each):.3f} [{min(each):.3f}, {max(each):.3f}]"
        table.add_row(name, spread, f"{median(each) / training:.1%}")
    Console(width=100).print(table)
    print(f"{count} points a run: {1e6 * median(found['live']) / count:.0f} µs each")


if __name__ == "__main__":
    main()
