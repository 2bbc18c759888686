"""The table of `depthgauge train --dry-run`: cells, done, to do, time."""

from rich.console import Console
from rich.table import Table

from depthgauge.planning.estimate import measured_speed, seconds_left
from depthgauge.planning.summary import PlanSummary
from depthgauge.report.duration import duration
from depthgauge.store.state import CELLS, State, inspect


def show_plan(summary: PlanSummary) -> None:
    """Print a line a cell: seeds, blocks done, and the seconds that the rest will take."""
    speed = measured_speed(CELLS)
    table = Table(title=f"{summary.study} at scale {summary.scale}")
    for name in ("cell", "seeds", "steps", "blocks", "done", "to do", "about"):
        table.add_column(name, justify="left" if name == "cell" else "right")
    total = 0.0
    for cell in summary.cells:
        seen = [inspect(CELLS / key) for key in cell.here()]
        done = sum(each.state is State.done for each in seen)
        left = seconds_left(cell, seen, speed)
        total += left
        counts = (cell.seeds, cell.steps, len(seen), done, len(seen) - done)
        table.add_row(cell.label, *map(str, counts), duration(left))
    Console().print(table)
    print(f"one core: about {duration(total)}; hydra/launcher=joblib shares it among all cores")
