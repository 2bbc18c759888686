"""The outline of a plan: what a study's cells are made of, in plain values that a file can hold."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # torch: who reads an outline does without it
    from depthgauge.stages.plan import Planned


@dataclass(frozen=True)
class BlockOutline:
    """Replicas that have one record."""

    key: str
    """It names the block's folder in .cells."""
    replicas: int


@dataclass(frozen=True)
class CellOutline:
    """One cell of the grid."""

    label: str
    procedure: str
    width: int
    """Of the widest hidden layer."""
    seeds: int
    steps: int
    work: float
    """Floating-point operations of one replica."""
    device: str
    """Where it is, or would be, computed on this machine."""
    blocks: list[BlockOutline]
    elsewhere: list[str]
    """Keys of its blocks on other kinds of device, which may be other blocks."""

    def here(self) -> list[str]:
        """Return the keys of its blocks on this machine."""
        return [block.key for block in self.blocks]


@dataclass(frozen=True)
class Outline:
    """A study at a scale."""

    study: str
    scale: str
    cells: list[CellOutline]

    def every_key(self) -> set[str]:
        """Return the keys of all blocks, whatever the device: cells may come from elsewhere."""
        return {key for cell in self.cells for key in (*cell.here(), *cell.elsewhere)}


def outline_of(study: str, planned: Sequence["Planned"]) -> Outline:
    """Return the outline of a plan."""
    return Outline(study, planned[0].config.scale, [_cell(each) for each in planned])


def as_values(outline: Outline) -> dict[str, Any]:
    """Return an outline as JSON can hold it."""
    return asdict(outline)


def from_values(values: dict[str, Any]) -> Outline:
    """Return the outline that `as_values` gave."""
    cells = [
        CellOutline(**{**cell, "blocks": [BlockOutline(**block) for block in cell["blocks"]]})
        for cell in values["cells"]
    ]
    return Outline(values["study"], values["scale"], cells)


def _cell(planned: "Planned") -> CellOutline:
    from depthgauge.config import Device
    from depthgauge.training.cell import build_cell
    from depthgauge.training.procedures import procedure

    config, data = planned.config, planned.data
    kinds = [each.value for each in Device if each is not Device.auto]
    cells = {kind: build_cell(config, data.hash, kind) for kind in kinds}
    device = next(kind for kind in kinds if cells[kind].key == planned.cell.key)
    blocks = [BlockOutline(each.key, len(each.replicas)) for each in planned.cell.blocks]
    others = [each.key for kind in kinds if kind != device for each in cells[kind].blocks]
    work = procedure(config.procedure).work(config, data)
    return CellOutline(
        planned.label,
        config.procedure,
        max(config.hidden),
        config.seeds,
        config.steps,
        work,
        device,
        blocks,
        others,
    )
