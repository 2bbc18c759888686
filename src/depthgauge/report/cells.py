"""Find the cells that a figure draws, and say in words what the figure rests on."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import xarray as xr

from depthgauge.errors import DataError
from depthgauge.report.seeds import in_words, usable

Records = Mapping[str, Sequence[xr.Dataset]]
"""Study -> its records, in the order of the grid."""

OWN_EXAMPLES = ("chain", "surfaces")
"""Procedures that draw their own inputs, whatever data set the record names."""

_BATCH_WORDS = {
    "any": "",
    "full": " trained in full-batch steps",
    "mini": " trained in mini-batches",
}


def cells(records: Records, study: str, batch: str = "any") -> dict[int, xr.Dataset]:
    """Return hidden layers -> cell of `study`, with the replicas that did not diverge.

    `batch` is "full" (each step sees all training examples), "mini" or "any". Cells of which
    every replica diverged are left out. Raises DataError when no cell is left.
    """
    found = {}
    for record in records.get(study, ()):
        config = record.attrs["config"]
        kind = "full" if config["batch_size"] == config["train_size"] else "mini"
        kept = usable(record)
        if batch in (kind, "any") and kept.sizes["replica"] > 0:
            found[len(config["hidden"])] = kept
    if not found:
        raise _missing(study, "any net" + _BATCH_WORDS[batch])
    return dict(sorted(found.items()))


def cell(records: Records, study: str, depth: int, batch: str = "any") -> xr.Dataset:
    """Return the cell of `study` with `depth` hidden layers; raises DataError without one."""
    found = cells(records, study, batch)
    if depth not in found:
        raise _missing(study, f"a net with {depth} hidden layers" + _BATCH_WORDS[batch])
    return found[depth]


def matching(records: Records, study: str, **wanted: Any) -> list[xr.Dataset]:
    """Return the usable records of `study` with these values of axes or config, in grid order.

    Raises DataError when there is none.
    """
    found = []
    for record in records.get(study, ()):
        known = {**record.attrs["config"], **record.attrs["axes"]}
        kept = usable(record)
        if all(known.get(key) == value for key, value in wanted.items()) and kept.sizes["replica"]:
            found.append(kept)
    if not found:
        described = ", ".join(f"{key}={value}" for key, value in wanted.items()) or "any kind"
        raise _missing(study, described)
    return found


def measured(net: xr.Dataset, variable: str) -> xr.DataArray:
    """Return `variable` of a record; raises DataError when its study did not measure it."""
    if variable not in net:
        study, label = net.attrs["study"], net.attrs["label"]
        raise DataError(
            f"the record of {study} {label} holds no {variable}: it was trained with other keys;"
            f" run `depthgauge train study={study}` or `dvc repro`"
        )
    return net[variable]


def _missing(study: str, wanted: str) -> DataError:
    return DataError(
        f"study {study} has no usable record of {wanted};"
        f" run `depthgauge train study={study}` or `dvc repro`"
    )


def layers_in_words(depth: int) -> str:
    """Return for example "1 hidden layer", "4 hidden layers"."""
    return f"{depth} hidden layer{'s' * (depth != 1)}"


def basis(drawn: Collection[xr.Dataset], published: bool = True) -> str:
    """Return what a figure of the cells `drawn` rests on: seeds, updates, scale and data.

    Without `published`, the study's full number of updates is left out: no source names one.
    """
    first = next(iter(drawn)).attrs
    seeds = " or ".join(dict.fromkeys(in_words(each["seed"].values) for each in drawn))
    diverged = sum(each.attrs["n_diverged"] for each in drawn)
    left_out = f"; {diverged} diverged run{'s' * (diverged > 1)} left out" if diverged else ""
    used, full = first["config"]["steps"], first["published_steps"]
    if published and full:
        updates = f"{used:,} of {full:,} published updates"
    else:
        updates = f"{used:,} updates" if used else "no updates, initial networks"
    return f"{seeds} per net{left_out}. Scale {first['scale']}: {updates}. {_data(drawn)}"


def _data(drawn: Collection[xr.Dataset]) -> str:
    if all(each.attrs["config"]["procedure"] in OWN_EXAMPLES for each in drawn):
        return "No data set is used."
    sets = {each.attrs["data"]["name"]: each.attrs["data"]["hash"][:8] for each in drawn}
    names = ", ".join(f"{name} ({digest})" for name, digest in sets.items())
    return f"Data set{'s' * (len(sets) > 1)} {names}."
