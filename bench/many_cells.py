"""The sweep's bookkeeping at many cells, without the training: `python bench/many_cells.py 10000`.

In a project of its own, in a temporary folder, with a study whose every cell is another l2 and
batch_size. Each part is a process of its own, one after the other, as a user's commands are:

  plan      compose and check every cell (`train --dry-run`)
  launch    start a job for every cell through Hydra's launcher; the job does nothing
  hydra     the same grid, launcher and job under Hydra's own BasicSweeper, which plans nothing
  records   write a small record for every cell where training would leave it
  again     `train`, which finds all cells done: plan, assemble, track, in one process
  status    `status`, which plans for itself
  track     bring the records into MLflow a second time

`launch` and `hydra` take turns (`--turns 3`), so that other programs slow both; the ratio of their
processor times is printed for each turn. `--only launch,hydra` leaves the other parts out.

Printed, and written to build/many_cells.json, or build/launching.json for these two alone: seconds
of the clock, of the processor, and the largest resident memory.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
BUILD = HERE.parent / "build"
"""Where showcase/scaling.py finds the numbers for docs/scaling.md."""
STUDY = "many"
PAGE = """# @package _global_
notebook:
  question: Does the bookkeeping keep up with {cells} cells?
  source: our own, bench/many_cells.py
  minutes: {{smoke: 1, quick: 1, paper: 1}}
hydra:
  mode: MULTIRUN
  sweeper:
    params:
      l2: range(0,{rows})
      batch_size: range(1,101)
hidden: [5, 5]
train_size: 100
steps: 1
seeds: 2
gradients: {{images: 10}}
at:
  quick: {{}}
"""
"""One hundred cells a row."""


def make_project(root: Path, cells: int) -> None:
    """Lay out a project of one study with so many cells, a multiple of 100, and tiny data."""
    from depthgauge.datasets.prepared import Split, assemble, path_of, write

    shutil.copytree(HERE.parent / "conf", root / "conf", ignore=shutil.ignore_patterns("study"))
    page = root / "conf" / "study" / f"{STUDY}.yaml"
    page.parent.mkdir()
    page.write_text(PAGE.format(cells=cells, rows=cells // 100))
    (root / "dvc.yaml").write_text("stages: {}\n")
    labels = np.arange(200, dtype=np.uint8) % 10
    split = Split(np.zeros((200, 784), np.uint8), labels)
    splits = {"train": split, "validation": split, "test": split}
    write(assemble("mnist", (28, 28), tuple("0123456789"), splits), path_of(root, "mnist"))


def command(*words: str) -> Callable[[], None]:
    """Return a part that is one of depthgauge's commands."""

    def run() -> None:
        from depthgauge.cli.main import main

        main(words)

    return run


def launch_jobs() -> None:
    """Plan the grid, and let the launcher run a job for every cell."""
    from depthgauge.cli.train import run_hydra
    from depthgauge.errors import DepthgaugeError

    with suppress(DepthgaugeError):  # no cell is done afterwards
        run_hydra([f"study={STUDY}", "tracking=false", *QUIET], nothing)


def launch_by_hydra() -> None:
    """Let Hydra's own sweeper start a job for every cell, without any callback of ours."""
    from hydra.core.plugins import Plugins
    from hydra.plugins.sweeper import Sweeper

    from depthgauge.cli.train import run_hydra

    sweepers = Plugins.instance().discover(Sweeper)
    [basic] = [each for each in sweepers if each.__name__ == "BasicSweeper"]
    target = f"hydra.sweeper._target_={basic.__module__}.{basic.__name__}"
    without = ("~hydra.sweeper.sweep", "~hydra.sweeper.plan", "~hydra.callbacks.depthgauge")
    run_hydra([f"study={STUDY}", "tracking=false", target, *without, *QUIET], nothing)


def nothing(_config: object) -> None:
    """The job."""


def write_records() -> None:
    """Leave for every block what training would."""
    import xarray as xr

    from depthgauge.planning.plan import plan
    from depthgauge.records import write
    from depthgauge.store.state import CELLS
    from depthgauge.training.cell import provenance, record_path

    layers = np.arange(1, 4)
    for cell in plan([f"study={STUDY}"]):
        for block in cell.cell.blocks:
            speeds = np.full((len(block.replicas), 2, len(layers)), 0.5, np.float32)
            record = xr.Dataset(
                {"bias_gradient_norm": (("replica", "gradient_step", "layer"), speeds)},
                {
                    "seed": ("replica", block.seeds),
                    "learning_rate": ("replica", block.rates),
                    "diverged_at": ("replica", np.full(len(block.replicas), -1)),
                    "gradient_step": [0, 1],
                    "layer": layers,
                },
            )
            attributes = provenance(block, cell.data, "cpu")
            write(record.assign_attrs(attributes), record_path(CELLS, block))


QUIET = ("hydra/job_logging=disabled", "hydra/hydra_logging=disabled")
OUT = f"out=build/{STUDY}"
PARTS: dict[str, Callable[[], None]] = {
    "plan": command("train", f"study={STUDY}", "--dry-run"),
    "launch": launch_jobs,
    "hydra": launch_by_hydra,
    "records": write_records,
    "again": command("train", f"study={STUDY}", OUT),
    "status": command("status"),
    "track": command("track"),
}
IN_TURNS = ("launch", "hydra")
"""Parts that are compared with each other."""


def measured(part: str, root: Path) -> dict[str, float]:
    """Run one part in a process of its own; return seconds and megabytes."""
    words = [sys.executable, str(Path(__file__).resolve()), "--part", part]
    done = subprocess.run(words, cwd=root, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{part} ended with exit code {done.returncode}; its own words are above")
    return json.loads(done.stdout.splitlines()[-1])


def run_part(part: str) -> None:
    """Run a part here and print what it took, start-up of the interpreter included."""
    start = time.perf_counter()
    PARTS[part]()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    megabytes = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    found = {
        "seconds": time.perf_counter() - start,
        "processor": usage.ru_utime + usage.ru_stime,
        "megabytes": megabytes,
    }
    print(json.dumps(found))


def measured_parts(root: Path, parts: Sequence[str], turns: int) -> dict[str, dict[str, float]]:
    """Return the numbers of each part; of those that take turns, the medians of all turns."""
    order = [part for part in parts if part not in IN_TURNS]
    rounds = [part for part in IN_TURNS if part in parts]
    place = parts.index(rounds[0]) if rounds else 0
    order[place:place] = [part for turn in range(turns) for part in rounds[:: (-1) ** turn]]
    found: dict[str, list[dict[str, float]]] = {part: [] for part in parts}
    for part in order:
        found[part].append(measured(part, root))
        print(part, *(f"{number:.1f}" for number in found[part][-1].values()), file=sys.stderr)
    if len(rounds) == len(IN_TURNS):
        pairs = zip(*(found[part] for part in IN_TURNS), strict=True)
        ratios = [ours["processor"] / theirs["processor"] for ours, theirs in pairs]
        print("launch / hydra, of the processor:", *(f"{ratio:.2f}" for ratio in ratios))
    return {
        part: {name: float(np.median([turn[name] for turn in each])) for name in each[0]}
        for part, each in found.items()
    }


def main() -> None:
    """Measure all parts and print a table."""
    parser = argparse.ArgumentParser(description="The sweep's bookkeeping without the training.")
    parser.add_argument("cells", type=int, nargs="?", default=10_000, help="a multiple of 100")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument("--turns", type=int, default=1, help="of launch and hydra (1)")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        run_part(options.part)
        return
    if options.cells < 100 or options.cells % 100:
        parser.error(f"invalid cells={options.cells}: give a multiple of 100")
    parts = options.only.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"unknown parts {', '.join(unknown)}: choose from {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory() as folder:
        make_project(Path(folder), options.cells)
        found = measured_parts(Path(folder), parts, options.turns)
    table = Table(title=f"{options.cells} cells")
    for name in ("part", "seconds", "of the processor", "MB"):
        table.add_column(name, justify="left" if name == "part" else "right")
    for part, each in found.items():
        table.add_row(part, *(f"{number:.1f}" for number in each.values()))
    Console().print(table)
    BUILD.mkdir(exist_ok=True)
    name = "launching.json" if set(parts) == set(IN_TURNS) else "many_cells.json"
    (BUILD / name).write_text(json.dumps({"cells": options.cells, "parts": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
