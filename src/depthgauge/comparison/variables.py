"""The variables that two records of a cell share, on the same seeds and places."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from depthgauge.comparison.permutation import Values

Pair = tuple[xr.Dataset, xr.Dataset]


@dataclass(frozen=True)
class Variable:
    """A variable of a cell at one learning rate, where both records have it."""

    cell: str
    name: str
    first: Values
    second: Values
    """(seed, place)."""
    same: bool
    """Both are the same seeds and agree bit for bit."""
    shape: xr.DataArray
    """One seed's values, with the names of their axes."""

    def place(self, index: int) -> str:
        """Return the coordinates of a place, as in gradient_step=0, layer=2."""
        positions = np.unravel_index(index, self.shape.shape) if self.shape.ndim else ()
        axes = zip(self.shape.dims, positions, strict=True)
        return ", ".join(f"{axis}={self.shape[axis].to_numpy()[at]:g}" for axis, at in axes)


def variables(name: str, pair: Pair, seeds: Values, others: Values) -> Iterator[Variable]:
    """Return what both records of the cell `name` hold, at each learning rate that both have.

    `seeds` are those of the first record, `others` those of the second. A replica that diverged is
    one more variable, 0 or 1.
    """
    first, second = (record["learning_rate"].to_numpy() for record in pair)
    rates = np.intersect1d(first, second)
    shared = [each for each in pair[0].data_vars if each in pair[1].data_vars]
    for rate in rates:
        cell = f"{name}, rate {rate:g}" if len(rates) > 1 else name
        one, two = _at(pair[0], rate, seeds), _at(pair[1], rate, others)
        for each in shared:
            yield _variable(cell, str(each), one[each], two[each])


def _variable(cell: str, name: str, first: xr.DataArray, second: xr.DataArray) -> Variable:
    whole = first.sizes == second.sizes and first.identical(second.assign_attrs(first.attrs))
    if name == "diverged_at":
        first, second = first >= 0, second >= 0
    one, two = xr.align(first, second, join="inner", exclude=["replica"])
    two = two.transpose(*one.dims)
    shape = one.isel(replica=0, drop=True)
    return Variable(cell, name, _table(one), _table(two), whole, shape)


def _table(values: xr.DataArray) -> Values:
    """Return `values` as (seed, place)."""
    return values.to_numpy().astype(np.float64).reshape(values.sizes["replica"], -1)


def _at(record: xr.Dataset, rate: float, seeds: Values) -> xr.Dataset:
    """Return the replicas of `record` at one rate, in the order of `seeds`."""
    rows = record["learning_rate"].to_numpy() == rate
    found = record.isel(replica=np.flatnonzero(rows))
    where = {seed: at for at, seed in enumerate(found["seed"].to_numpy().tolist())}
    return found.isel(replica=[where[seed] for seed in seeds.tolist()])
