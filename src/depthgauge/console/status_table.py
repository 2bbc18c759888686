"""How far studies have come, and the tables that say so."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from depthgauge.console.terminal import console
from depthgauge.planning.estimate import Speed, measured_speed, seconds_left
from depthgauge.planning.summary import CellSummary, PlanSummary
from depthgauge.report.duration import duration
from depthgauge.store.state import CELLS, BlockState, State, inspect

COLOURS = {
    State.done: "green",
    State.running: "cyan",
    State.failed: "red",
    State.stopped: "yellow",
    State.to_do: "default",
}


ORDER = (State.running, State.failed, State.stopped, State.to_do, State.done)
"""The state of a cell is the first of these that one of its blocks is in."""


@dataclass(frozen=True)
class CellStatus:
    """A cell of a study: what has become of it, and what is left."""

    label: str
    seeds: int
    state: State
    blocks: dict[str, int]
    """State -> blocks in it."""
    step: int
    """Steps done in the furthest block that is not finished."""
    steps: int
    seconds_left: float
    """On one core."""
    reason: str


@dataclass(frozen=True)
class StudyStatus:
    """A study at a scale."""

    study: str
    scale: str
    seconds_left: float | None
    lacking: str = ""
    """Why its cells are not known."""
    cells: list[CellStatus] = field(default_factory=list)


def study_status(
    summary: PlanSummary, speed: Speed, built: frozenset[str] = frozenset()
) -> StudyStatus:
    """Return how far the blocks in .cells are; those whose keys are in `built` are done."""
    cells = [_cell_status(each, speed, built) for each in summary.cells]
    left = sum(each.seconds_left for each in cells)
    return StudyStatus(summary.study, summary.scale, left, cells=cells)


def _cell_status(cell: CellSummary, speed: Speed, built: frozenset[str]) -> CellStatus:
    seen = [BlockState(State.done) if key in built else inspect(CELLS / key) for key in cell.here()]
    states = Counter(each.state for each in seen)
    return CellStatus(
        label=cell.label,
        seeds=cell.seeds,
        state=next(state for state in ORDER if states[state]),
        blocks={str(state): count for state, count in states.items()},
        step=max(each.step for each in seen),
        steps=cell.steps,
        seconds_left=seconds_left(cell, seen, speed),
        reason=next((each.reason for each in seen if each.reason), ""),
    )


def show_plan(summary: PlanSummary) -> None:
    """Print what training would do: a line a cell, with the time that the rest takes."""
    show([study_status(summary, measured_speed(CELLS))], every_cell=True)


def show(found: Sequence[StudyStatus], every_cell: bool) -> None:
    """Print a line a study, or a line a cell; then what needs attention, and the time in all."""
    out = console()
    out.print(_cells(found[0]) if every_cell and found[0].cells else _studies(found))
    lacking: dict[str, list[str]] = {}
    for study in found:
        if study.lacking:
            lacking.setdefault(study.lacking, []).append(study.study)
        _remarks(out, study, every_cell)
    for reason, names in lacking.items():
        out.print(f"{', '.join(names)}: {escape(reason)}", soft_wrap=True)
    left = sum(study.seconds_left or 0 for study in found)
    scales = ", ".join(sorted({study.scale for study in found}))
    done = sum(_finished(study) for study in found)
    text = f"{done} of {len(found)} studies done at scale {scales}"
    if left:
        cores = os.cpu_count() or 1
        text += f"; estimated time left on one core: {duration(left)}"
        text += f" (hydra/launcher=joblib uses all {cores} cores)" if cores > 1 else ""
    out.print(text, soft_wrap=True)


def _studies(found: Sequence[StudyStatus]) -> Table:
    """Return a row a study; a state that no cell is in has no column, so that names have room."""
    counts = [Counter(cell.state for cell in study.cells) for study in found]
    shown = [state for state in State if state is State.done or any(each[state] for each in counts)]
    table = Table(box=SIMPLE, pad_edge=False, collapse_padding=True)
    table.add_column("study", no_wrap=True, min_width=max(len(study.study) for study in found))
    for name in ("cells", *shown, "time left"):
        table.add_column(str(name), justify="right")
    for study, count in zip(found, counts, strict=True):
        cells = str(len(study.cells)) if study.cells else "?"
        numbers = [f"[{COLOURS[each]}]{count[each]}[/]" if count[each] else "" for each in shown]
        table.add_row(study.study, cells, *numbers, _left(study))
    return table


def _cells(study: StudyStatus) -> Table:
    table = Table(box=SIMPLE, pad_edge=False, title=study.study, title_justify="left")
    for name in ("cell", "state", "seeds", "blocks", "steps", "time left"):
        table.add_column(name, justify="left" if name in ("cell", "state") else "right")
    for cell in study.cells:
        blocks = f"{cell.blocks.get(State.done, 0)} of {sum(cell.blocks.values())}"
        table.add_row(
            escape(cell.label),
            f"[{COLOURS[cell.state]}]{cell.state}[/]",
            str(cell.seeds),
            blocks,
            str(cell.steps) if cell.state is State.done else f"{cell.step} of {cell.steps}",
            duration(cell.seconds_left) if cell.seconds_left else "",
        )
    return table


def _remarks(out: Console, study: StudyStatus, every_cell: bool) -> None:
    for cell in study.cells:
        where = f"{study.study}, {escape(cell.label)}"
        if cell.state is State.failed:
            out.print(f"{where} failed: {escape(cell.reason)}", soft_wrap=True)
        elif cell.step and not every_cell:
            out.print(f"{where} {cell.state} at step {cell.step} of {cell.steps}", soft_wrap=True)


def _left(study: StudyStatus) -> str:
    if study.seconds_left is None:
        return "?"
    return duration(study.seconds_left) if study.seconds_left else ""


def _finished(study: StudyStatus) -> bool:
    return bool(study.cells) and all(cell.state is State.done for cell in study.cells)
