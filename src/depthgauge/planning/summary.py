"""The summary of a plan: what a study's cells are made of, in plain values that a file can hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # torch: who reads a summary does without it
    from depthgauge.planning.plan import Planned


@dataclass(frozen=True)
class CellSummary:
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
    blocks: dict[str, int]
    """Key of a block, which names its folder in .cells -> its replicas."""
    elsewhere: list[str]
    """Keys of its blocks on other kinds of device, which may be other blocks."""

    def here(self) -> list[str]:
        """Return the keys of its blocks on this machine."""
        return list(self.blocks)


@dataclass(frozen=True)
class PlanSummary:
    """A study at a scale."""

    study: str
    scale: str
    cells: list[CellSummary]

    def every_key(self) -> set[str]:
        """Return the keys of all blocks, whatever the device: cells may come from elsewhere."""
        return {key for cell in self.cells for key in (*cell.here(), *cell.elsewhere)}


def summary_of(study: str, planned: Sequence["Planned"]) -> PlanSummary:
    """Return the summary of a plan."""
    return PlanSummary(study, planned[0].config.scale, [_cell(each) for each in planned])


def from_values(values: dict[str, Any]) -> PlanSummary:
    """Return the summary of which `asdict` gave these values."""
    cells = [CellSummary(**cell) for cell in values["cells"]]
    return PlanSummary(values["study"], values["scale"], cells)


def _cell(planned: "Planned") -> CellSummary:
    from depthgauge.config import Device
    from depthgauge.training.cell import build_cell
    from depthgauge.training.procedures import procedure

    config, data = planned.config, planned.data
    kinds = [each.value for each in Device if each is not Device.auto]
    cells = {kind: build_cell(config, data.hash, kind) for kind in kinds}
    device = next(kind for kind in kinds if cells[kind].key == planned.cell.key)
    blocks = {each.key: len(each.replicas) for each in planned.cell.blocks}
    others = [each.key for kind in kinds if kind != device for each in cells[kind].blocks]
    work = procedure(config.procedure).work(config, data)
    return CellSummary(
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
