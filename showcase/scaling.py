"""Writes the tables of docs/scaling.md; run by `make scaling`.

From the pages, from what .cells has timed on this machine, and from bench/many_cells.py, whose
table stays as it is where no new measurement lies in build/. Each table is dated.
"""

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

from depthgauge.planning.cache import studies
from depthgauge.planning.estimate import Speed, measured_speed
from depthgauge.planning.plan import Planned, plan
from depthgauge.planning.summary import CellSummary, summary_of
from depthgauge.report.duration import duration

ROOT = Path(__file__).parents[1]
MEASURED = {
    "cells": ROOT / "build" / "many_cells.json",
    "launching": ROOT / "build" / "launching.json",
}
"""Block of the page -> what bench/many_cells.py wrote for it."""
SCALE = "paper"
CORES, GPUS = 2, 8
FETCHES = 4
"""Of each weight in a step: forward, deltas, and read and written by the update."""
KERNELS = 7
"""Launched for a layer in a step: two products, bias, activation, its derivative, two updates."""
KERNEL_SECONDS = 3e-6
"""Of a kernel in a CUDA graph, however little it does."""
OPERATIONS_A_SECOND = 0.3 * 67e12
"""Of one H200 in float32: the data sheet's figure, and the share that batched products reach."""
BYTES_A_SECOND = 0.5 * 4.8e12
"""Of one H200's memory: the data sheet's figure, and the share that a fused update reaches."""
ON_A_CPU = ("chain", "surfaces", "support_vectors")
"""Procedures that have nothing to do on a GPU."""

BLOCK = re.compile(r"(<!-- (\w+): .*? -->\n).*?(<!-- /\2 -->)", re.DOTALL)
"""What stands between the two comments is ours; the rest is not touched."""


def costs(study: str, speed: Speed) -> list[str]:
    """Return the row of a study: what it computes, and the hours that takes."""
    planned = plan([f"study={study}", f"scale={SCALE}"])
    cells = list(zip(planned, summary_of(study, planned).cells, strict=True))
    here = [cell.work * replicas(cell) / speed(cell) for _, cell in cells]
    nets = [(each, cell) for each, cell in cells if cell.procedure not in ON_A_CPU]
    there = [gpu_seconds(each, cell) for each, cell in nets]
    networks = sum(replicas(cell) for _, cell in cells)
    operations = sum(cell.work * replicas(cell) for _, cell in cells)
    steps = sum(cell.steps * replicas(cell) for _, cell in nets)
    traffic = sum(cell.steps * replicas(cell) * step_bytes(each) for each, cell in nets)
    return [
        study,
        *(f"{number:,}" for number in (len(cells), networks)),
        duration(shared(here, CORES)),
        duration(shared(there, 1)) if there else "",
        duration(shared(there, GPUS)) if there else "",
        *(f"{number:.1e}" if number else "" for number in (steps, operations, traffic)),
    ]


def replicas(cell: CellSummary) -> int:
    """Return the networks of a cell."""
    return sum(cell.blocks.values())


def step_bytes(cell: Planned) -> float:
    """Return the bytes of weights that one step of one network fetches or writes, in float32."""
    widths = [cell.data.train.images.shape[1], *cell.config.hidden, len(cell.data.classes)]
    return 4.0 * FETCHES * sum(n_in * n_out for n_in, n_out in pairwise(widths))


def gpu_seconds(cell: Planned, outline: CellSummary) -> float:
    """Return the seconds of a cell on one H200, all its networks in one batch: predicted."""
    launches = KERNELS * KERNEL_SECONDS * (len(cell.config.hidden) + 1)
    arithmetic = outline.work / OPERATIONS_A_SECOND
    memory = outline.steps * step_bytes(cell) / BYTES_A_SECOND
    return outline.steps * launches + replicas(outline) * max(arithmetic, memory)


def shared(seconds: Sequence[float], workers: int) -> float:
    """Return how long so many workers need: a cell is one worker's."""
    return max(sum(seconds) / workers, max(seconds))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return Markdown; all columns but the first hold numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def studies_table() -> str:
    """Return a row a study."""
    head = ["study", "cells", "networks", f"{CORES} cores", "one H200, predicted"]
    head += [f"{GPUS} H200s, predicted", "model-steps", "operations", "bytes of weights"]
    speed = measured_speed(Path(".cells"))
    return table(head, [costs(study, speed) for study in studies()])


def cells_table(path: Path) -> str:
    """Return a row a part of the bookkeeping, from the last measurement."""
    found = json.loads(path.read_text())
    head = [f"{found['cells']:,} cells", "seconds", "of the processor", "MB"]
    return table(
        head,
        [[part, *(f"{n:,.0f}" for n in each.values())] for part, each in found["parts"].items()],
    )


def main() -> None:
    """Rewrite the tables in place: all, or those that the command names."""
    os.chdir(ROOT)
    path = Path("docs/scaling.md")
    day = f"Written on {date.today():%-d %B %Y}."
    asked = sys.argv[1:] or ["studies", *MEASURED]
    made = {name: cells_table(file) for name, file in MEASURED.items() if file.is_file()}
    if "studies" in asked:
        made["studies"] = studies_table()
    dated = {name: f"{day}\n\n{text}" for name, text in made.items() if name in asked}
    text = path.read_text(encoding="utf-8")
    path.write_text(BLOCK.sub(lambda found: renewed(found, dated), text), encoding="utf-8")


def renewed(found: re.Match[str], made: Mapping[str, str]) -> str:
    """Return a block with its new table, or as it is where there is none."""
    name = found[2]
    return f"{found[1]}\n{made[name]}\n\n{found[3]}" if name in made else found[0]


if __name__ == "__main__":
    main()
