"""What a sweep will take: cells, done, to do, time."""

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from depthgauge.stages.plan import CELLS, Planned
from depthgauge.training.cell import finished
from depthgauge.training.procedures import procedure

DEFAULT_SPEED = 25e9
"""Operations a second of one core on small nets (docs/performance.md), until this machine has
finished a block of its own."""


def show_plan(study: str, planned: Sequence[Planned]) -> None:
    """Print a line a cell: seeds, blocks done, and the seconds that the rest will take."""
    speed = measured_speed(CELLS)
    table = Table(title=f"{study} at scale {planned[0].config.scale}")
    for name in ("cell", "seeds", "steps", "blocks", "done", "to do", "about"):
        table.add_column(name, justify="left" if name == "cell" else "right")
    total = 0.0
    for each in planned:
        done = sum(finished(CELLS, block) for block in each.cell.blocks)
        left = [block for block in each.cell.blocks if not finished(CELLS, block)]
        operations = procedure(each.config.procedure).work(each.config, each.data)
        seconds = operations * sum(len(block.replicas) for block in left) / speed
        total += seconds
        counts = (each.config.seeds, each.config.steps, len(each.cell.blocks), done, len(left))
        table.add_row(each.label, *map(str, counts), f"{seconds:.0f} s")
    Console().print(table)
    print(f"one core: about {total / 60:.1f} min; hydra/launcher=joblib shares it among all cores")


def measured_speed(cells: Path) -> float:
    """Return operations a second and process over the blocks finished here; a default if none."""
    timings = [json.loads(path.read_text()) for path in cells.glob("*/timing.json")]
    seconds = sum(timing["seconds"] for timing in timings)
    return sum(timing["work"] for timing in timings) / seconds if seconds else DEFAULT_SPEED
