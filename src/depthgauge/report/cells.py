"""Find the cells that a figure draws, and describe the data behind the figure."""

from collections.abc import Collection, Mapping, Sequence, Sized
from typing import Any, TypeVar

import xarray as xr

from depthgauge.errors import DataError
from depthgauge.report.seeds import in_words, usable

Records = Mapping[str, Sequence[xr.Dataset]]
"""Study -> its records, in the order of the grid."""

Cells = TypeVar("Cells", bound=Sized)

OWN_EXAMPLES = ("chain", "surfaces")
"""Procedures that draw their own inputs, whatever data set the record names."""


def matching(records: Records, study: str, **wanted: Any) -> list[xr.Dataset]:
    """Return the usable records of `study` that are as `wanted`, in grid order.

    A key names an axis or a value of the config, or is `depth` (hidden layers), `dataset` or
    `batch` ("full": each step sees all training examples; "mini"). Replicas that diverged are left
    out. Raises DataError when no record is left.
    """
    found = [usable(record) for record in selected(records, study, **wanted)]
    found = [record for record in found if record.sizes["replica"]]
    if not found:
        raise missing(study, **wanted)
    return found


def selected(records: Records, study: str, **wanted: Any) -> list[xr.Dataset]:
    """Return the records of `study` that are as `wanted`, diverged replicas among them."""
    return [
        record
        for record in records.get(study, ())
        if all(_known(record).get(key) == value for key, value in wanted.items())
    ]


def known(cells: Cells, study: str) -> Cells:
    """Return the cells that a figure of `study` has a place for; raises DataError without any.

    A user's grid of a study may have none: other depths, models or activations.
    """
    if not cells:
        raise DataError(
            f"study {study} has none of the records that this figure compares; run"
            f" `depthgauge train study={study}` or `dvc repro`"
        )
    return cells


def by_depth(records: Records, study: str, **wanted: Any) -> dict[int, xr.Dataset]:
    """Return hidden layers -> usable cell of `study`; raises DataError when no cell is left."""
    found = {len(net.attrs["config"]["hidden"]): net for net in matching(records, study, **wanted)}
    return dict(sorted(found.items()))


def _known(record: xr.Dataset) -> dict[str, Any]:
    config = record.attrs["config"]
    return {
        **config,
        **record.attrs["axes"],
        "depth": len(config["hidden"]),
        "dataset": record.attrs["data"]["name"],
        "batch": "full" if config["batch_size"] == config["train_size"] else "mini",
    }


def measured(net: xr.Dataset, variable: str) -> xr.DataArray:
    """Return `variable` of a record; raises DataError when its study did not measure it."""
    if variable not in net:
        study, label = net.attrs["study"], net.attrs["label"]
        raise DataError(
            f"the record of {study} {label} holds no {variable}: it was trained with other keys;"
            f" run `depthgauge train study={study}` or `dvc repro`"
        )
    return net[variable]


def hidden(cell: xr.Dataset, variable: str) -> xr.DataArray:
    """Return `variable` without the output layer; its axis of steps is named step."""
    depth = len(cell.attrs["config"]["hidden"])
    values = measured(cell, variable).sel(layer=slice(1, depth))
    return values.rename({str(dim): "step" for dim in values.dims if str(dim).endswith("_step")})


def missing(study: str, **wanted: Any) -> DataError:
    """Return the error of a figure without a record as `wanted`, with what would make one."""
    described = ", ".join(f"{key}={value}" for key, value in wanted.items())
    return DataError(
        f"study {study} has no usable record{' with ' * bool(described)}{described};"
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
