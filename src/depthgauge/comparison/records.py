"""Two sets of records, cell by cell and variable by variable."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from depthgauge.comparison.holm import LEVEL
from depthgauge.comparison.permutation import Values, chances, contrast, permutations
from depthgauge.comparison.provenance import differences_of_config, origin
from depthgauge.comparison.variables import Pair, Variable, variables
from depthgauge.errors import DataError

FEWEST = round(1 / LEVEL)
"""Permutations of the seeds below which no difference can be beyond chance."""


@dataclass(frozen=True)
class Difference:
    """A variable of a cell that is not the same, bit for bit, in both."""

    cell: str
    variable: str
    place: str
    """Where the difference is largest relative to the spread of the seeds, as in layer=2."""
    first: float
    second: float
    """Means over seeds there."""
    relative: float
    """The largest difference of a mean anywhere, as part of the variable's largest mean."""
    p: float
    """Adjusted for all that is compared in the study."""

    @property
    def beyond_chance(self) -> bool:
        """Whether chance alone rarely gives such a difference anywhere in the study."""
        return self.p < LEVEL


@dataclass(frozen=True)
class Comparison:
    """What two sets of records of one study have in common, and where they differ."""

    seeds: tuple[int, int]
    same_seeds: bool
    permutations: int
    same: int
    """Variables that agree bit for bit."""
    differences: list[Difference] = field(default_factory=list)
    only_first: list[str] = field(default_factory=list)
    """Cells, and variables of cells, that the other side lacks."""
    only_second: list[str] = field(default_factory=list)
    studies: int = 1
    """How many are compared at once."""
    origins: list[str] = field(default_factory=list)
    """In what the provenance of the cells differs: code, data, versions, keys of the config."""

    @property
    def decidable(self) -> bool:
        """Whether there are enough seeds to distinguish a change from chance."""
        return self.permutations >= FEWEST * self.studies

    @property
    def changed(self) -> bool:
        """Whether something differs beyond chance, or is on one side only."""
        beyond = any(each.beyond_chance for each in self.differences)
        return beyond or bool(self.only_first or self.only_second)


def compare(
    first: Sequence[xr.Dataset], second: Sequence[xr.Dataset], studies: int = 1
) -> Comparison:
    """Compare the records of one study; two single records are compared whatever their axes.

    Its p values are multiplied by the number of `studies` that are compared at once.
    """
    one, two = (_named(side) for side in (first, second))
    if len(first) == len(second) == 1:
        two = {next(iter(one)): second[0]}
    pairs = {name: (one[name], two[name]) for name in one if name in two}
    lacking = [[name for name in a if name not in b] for a, b in ((one, two), (two, one))]
    for name, pair in pairs.items():
        for side, (a, b) in zip(lacking, (pair, pair[::-1]), strict=True):
            side += [f"{name}: {each}" for each in a.data_vars if each not in b.data_vars]
    return _compared(pairs, lacking[0], lacking[1], studies)


def _compared(
    pairs: dict[str, Pair], only_first: list[str], only_second: list[str], studies: int
) -> Comparison:
    first, second = (_common([pair[side] for pair in pairs.values()]) for side in (0, 1))
    same_seeds = np.array_equal(first, second)
    found = [
        each
        for name, pair in pairs.items()
        if len(first) and len(second)
        for each in variables(name, pair, first, second)
    ]
    differing = [each for each in found if not each.same]
    paired, weights = _weights(len(first), len(second), same_seeds, studies)
    p_values = chances((contrast(each.first, each.second, paired) for each in differing), weights)
    return Comparison(
        seeds=(len(first), len(second)),
        same_seeds=same_seeds,
        permutations=len(weights),
        same=len(found) - len(differing),
        differences=[
            _difference(each, np.minimum(p * studies, 1.0))
            for each, p in zip(differing, p_values, strict=True)
        ],
        only_first=only_first,
        only_second=only_second,
        studies=studies,
        origins=sorted({each for pair in pairs.values() for each in origin(*pair)}),
    )


def _weights(first: int, second: int, same: bool, studies: int) -> tuple[bool, Values]:
    """Return whether to compare the same seeds in pairs, and the weights of the permutations.

    Few pairs have few permutations; unpaired there are more, at the price of some power.
    """
    if not (first and second):
        return False, np.zeros((0, first + second))
    paired = permutations(first, second, True) if same else np.zeros((0, first))
    enough = len(paired) >= FEWEST * studies
    return (True, paired) if enough else (False, permutations(first, second, False))


def _difference(variable: Variable, p: Values) -> Difference:
    """Say where `variable` differs most, and by how much at most."""
    if not p.size:
        nan = float("nan")
        return Difference(variable.cell, variable.name, "no place in common", nan, nan, nan, 1.0)
    worst = int(p.argmin())
    one, two = (np.nan_to_num(each.mean(axis=0)) for each in (variable.first, variable.second))
    largest = max(np.abs(one).max(), np.abs(two).max())
    return Difference(
        variable.cell,
        variable.name,
        variable.place(worst),
        float(one[worst]),
        float(two[worst]),
        float(np.abs(one - two).max() / largest) if largest else 0.0,
        float(p[worst]),
    )


def _named(records: Sequence[xr.Dataset]) -> dict[str, xr.Dataset]:
    """Return the records by name, with all in which their configs differ where two have one.

    Raises DataError for two records of one cell, which no name distinguishes.
    """
    named: dict[str, list[xr.Dataset]] = {}
    for record in records:
        named.setdefault(_name(record), []).append(record)
    found = {}
    for name, alike in named.items():
        for record, differing in zip(alike, differences_of_config(alike), strict=True):
            full = ", ".join([name, *differing])
            if full in found:
                raise DataError(
                    f"two records are of the same cell, {full}: remove one of them, or compare"
                    " them as two files"
                )
            found[full] = record
    return found


def _name(record: xr.Dataset) -> str:
    """Return the name of a cell: its label and, if that lacks it, its data set."""
    label, data = record.attrs["label"], record.attrs["data"]["name"].rpartition(".")[2]
    return label if data in label else f"{label} on {data}"


def _common(records: Sequence[xr.Dataset]) -> Values:
    """Return the seeds that all `records` hold, in order."""
    held = [set(record["seed"].to_numpy().tolist()) for record in records]
    return np.array(sorted(set.intersection(*held)) if held else [])
