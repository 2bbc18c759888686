"""What a sweep is: its identity is the content it computes, not when or how often it runs."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from depthgauge.errors import DataError

EQUAL_WIDTHS = re.compile(r"\[(\d+)(?:, \1){3,}\]")
"""Four or more layers, which would fill the column of names."""


@dataclass(frozen=True)
class Cell:
    """One grid point at one learning rate: an MLflow run below that of its sweep."""

    key: str
    """Of the grid point, whatever its replicas."""
    label: str
    """What varies, as in hidden=[30, 30]."""
    learning_rate: float
    """Of all replicas of this run."""
    only_rate: bool
    """Whether its grid point has no other learning rate."""
    params: Mapping[str, Any]
    """The settings that matter, by name."""
    data: Mapping[str, str]
    """`name` and `hash` of the prepared data set."""
    blocks: tuple[str, ...]
    """Keys of the grid point's blocks of replicas."""

    @property
    def run_key(self) -> str:
        """Return what sets the run apart in its sweep."""
        return self.key if self.only_rate else f"{self.key}@{self.learning_rate!r}"

    @property
    def name(self) -> str:
        """Return the label with equal widths counted: hidden=[20 x 100] for twenty layers."""
        rate = "" if self.only_rate else f", learning_rate={self.learning_rate:g}"
        widths = EQUAL_WIDTHS.sub(lambda run: f"[{run[0].count(',') + 1} x {run[1]}]", self.label)
        return widths + rate


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
        blocks = sorted({block for cell in self.cells for block in cell.blocks})
        return hashlib.sha256("\n".join(blocks).encode()).hexdigest()

    @property
    def name(self) -> str:
        """Say at which scale the sweep varies what, as in "quick: hidden, init (4 runs)"."""
        labels = ", ".join(cell.name for cell in self.cells)
        varied = ", ".join(dict.fromkeys(re.findall(r"(?:^|, )([\w.]+)=", labels)))
        count = f"{len(self.cells)} run{'s' * (len(self.cells) != 1)}"
        return f"{self.scale}: {varied} ({count})" if varied else f"{self.scale} ({count})"


def sweep_of(attributes: Sequence[Mapping[str, Any]]) -> Sweep:
    """Return the sweep whose cells' records carry, or will carry, these attributes.

    Of each it reads study, scale, notebook, cell, label, data and keys (docs/records.md); params,
    the settings that matter; learning_rates, each a separate cell. The first three
    are the same for all. Raises DataError where one is lacking.
    """
    first = attributes[0]
    try:
        cells = tuple(
            Cell(
                each["cell"],
                each["label"],
                rate,
                len(each["learning_rates"]) == 1,
                each["params"],
                each["data"],
                tuple(each["keys"]),
            )
            for each in attributes
            for rate in each["learning_rates"]
        )
        return Sweep(first["study"], first["scale"], first["notebook"], cells)
    except (KeyError, TypeError) as error:
        raise DataError(
            f"a record of {first.get('study')} does not say what a sweep is made of ({error!r});"
            " remove it and train the study again"
        ) from error
