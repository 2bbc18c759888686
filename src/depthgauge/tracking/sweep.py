"""What a sweep is: its identity is the content it computes, not when or how often it runs."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from depthgauge.errors import DataError

EQUAL_WIDTHS = re.compile(r"\[(\d+)(?:, \1){3,}\]")
"""Four or more layers, which would fill the column of names."""


@dataclass(frozen=True)
class Cell:
    """One grid point, as the attributes of its record describe it (docs/records.md)."""

    key: str
    """Of the cell, whatever its replicas."""
    label: str
    """What varies, as in hidden=[30, 30]."""
    config: Mapping[str, Any]
    """Every scientific key, resolved."""
    data: Mapping[str, str]
    """`name` and `hash` of the prepared data set."""
    blocks: tuple[str, ...]
    """Keys of its blocks of replicas."""
    axes: Mapping[str, Any] = field(default_factory=dict)
    """What varies, with its value here; a page may give several settings one name, as `model`."""

    @property
    def name(self) -> str:
        """Return the label with equal widths counted: hidden=[20 x 100] for twenty layers."""
        return EQUAL_WIDTHS.sub(lambda run: f"[{run[0].count(',') + 1} x {run[1]}]", self.label)


@dataclass(frozen=True)
class Sweep:
    """The cells of a study that were asked for together."""

    study: str
    scale: str
    notebook: Mapping[str, Any]
    cells: tuple[Cell, ...]

    @property
    def key(self) -> str:
        """Name the sweep by all that it computes: 64 hex digits, whatever the order of cells."""
        blocks = sorted(block for cell in self.cells for block in cell.blocks)
        return hashlib.sha256("\n".join(blocks).encode()).hexdigest()

    @property
    def name(self) -> str:
        """Say at which scale the sweep varies what, as in "quick: hidden, init (4 cells)"."""
        labels = ", ".join(cell.label for cell in self.cells)
        varied = ", ".join(dict.fromkeys(re.findall(r"(?:^|, )([\w.]+)=", labels)))
        count = f"{len(self.cells)} cell{'s' * (len(self.cells) != 1)}"
        return f"{self.scale}: {varied} ({count})" if varied else f"{self.scale} ({count})"


def sweep_of(attributes: Sequence[Mapping[str, Any]]) -> Sweep:
    """Return the sweep whose cells' records carry, or will carry, these attributes.

    Of each it reads study, scale, notebook, cell, label, axes, config, data and keys; the first
    three are the same for all cells. Raises DataError where one is lacking.
    """
    first = attributes[0]
    try:
        cells = tuple(
            Cell(
                each["cell"],
                each["label"],
                each["config"],
                each["data"],
                tuple(each["keys"]),
                each.get("axes", {}),
            )
            for each in attributes
        )
        return Sweep(first["study"], first["scale"], first["notebook"], cells)
    except (KeyError, TypeError) as error:
        raise DataError(
            f"a record of {first.get('study')} does not say what a sweep is made of ({error!r});"
            " remove it and train the study again"
        ) from error
