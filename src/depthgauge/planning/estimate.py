"""How long the rest of a sweep takes, by the speed of what this machine has finished."""

import json
from collections.abc import Callable
from pathlib import Path

from depthgauge.planning.summary import CellSummary
from depthgauge.store.state import BlockState, State

DEFAULT_SPEED = 25e9
"""Operations a second of one core on small nets (docs/performance.md), until this machine has
finished a block."""

START_SECONDS = 5.0
"""Start-up time of a block; shorter blocks say little about the speed."""

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

    Blocks of the same procedure and width count if some are finished, else those of the same
    procedure, else all; without any, DEFAULT_SPEED. Blocks of less than START_SECONDS do not count.
    """
    work: dict[tuple[object, ...], float] = {}
    seconds: dict[tuple[object, ...], float] = {}
    for path in cells.glob("*/timing.json"):
        try:
            timing = json.loads(path.read_text())
            config = json.loads((path.parent / "config.json").read_text())
            kinds = _kinds(config["procedure"], max(config["hidden"]))
            done, took = float(timing["work"]), float(timing["seconds"])
        except (OSError, ValueError, KeyError, TypeError):  # an unfinished block
            continue
        if took < START_SECONDS:
            continue
        for kind in kinds:
            work[kind] = work.get(kind, 0) + done
            seconds[kind] = seconds.get(kind, 0) + took

    def speed(cell: CellSummary) -> float:
        known = (kind for kind in _kinds(cell.procedure, cell.width) if seconds.get(kind))
        found = next(known, None)
        return DEFAULT_SPEED if found is None else work[found] / seconds[found]

    return speed


def _kinds(procedure: str, width: int) -> tuple[tuple[object, ...], ...]:
    return (procedure, width), (procedure,), ()
