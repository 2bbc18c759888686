"""How long the rest of a sweep takes, by the speed of what this machine has finished."""

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from depthgauge.planning.summary import CellSummary
from depthgauge.store.state import BlockState, State

DEFAULT_SPEED = 25e9
"""Operations a second of one core on small nets (docs/performance.md), before a block is finished
here."""

WEIGHT = 4e12
"""Operations that the speed expected beforehand counts for: of a small block most of the time is
its start."""

Speed = Callable[[CellSummary], float]


def seconds_left(cell: CellSummary, seen: list[BlockState], speed: Speed) -> float:
    """Return the seconds that one core needs for the blocks of `cell` that are not done.

    A block with a checkpoint needs the rest of its steps only.
    """
    replicas = sum(
        count * (1 - each.step / max(cell.steps, 1))
        for count, each in zip(cell.blocks.values(), seen, strict=True)
        if each.state is not State.done
    )
    return cell.work * replicas / speed(cell)


def measured_speed(cells: Path) -> Speed:
    """Return how many operations a second one core does for a cell, as seen on this machine.

    The mean over all finished blocks, then over those of the same procedure, then over those of the
    same procedure and width; the one before counts as WEIGHT operations, the first is
    DEFAULT_SPEED.
    """
    work: defaultdict[tuple[object, ...], float] = defaultdict(float)
    seconds: defaultdict[tuple[object, ...], float] = defaultdict(float)
    for path in cells.glob("*/timing.json"):
        try:
            timing = json.loads(path.read_text())
            config = json.loads((path.parent / "config.json").read_text())
            kinds = _kinds(config["procedure"], max(config["hidden"]))
            done, took = float(timing["work"]), float(timing["seconds"])
        except (OSError, ValueError, KeyError, TypeError):  # an unfinished block
            continue
        for kind in kinds:
            work[kind] += done
            seconds[kind] += took

    def speed(cell: CellSummary) -> float:
        found = DEFAULT_SPEED
        for kind in _kinds(cell.procedure, cell.width):
            found = (work[kind] + WEIGHT) / (seconds[kind] + WEIGHT / found)
        return found

    return speed


def _kinds(procedure: str, width: int) -> tuple[tuple[object, ...], ...]:
    return (), (procedure,), (procedure, width)
