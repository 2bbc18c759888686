"""A record: what one grid cell measured, named axes, n seeds, and where it came from.

In memory a record is an xarray Dataset. Every variable has `replica` as its first axis; its
coordinates `seed` and `learning_rate` say which replica is which. On disk it is one safetensors
file whose only metadata entry is JSON: the axes of each array, the attributes and a digest of all
that the file holds. Attributes hold the resolved scientific config, the data hash, the cell keys
and the versions: the provenance. A record is checked once, where it is read: who works with it may
take for granted that it is as it was written.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from depthgauge.errors import DataError
from depthgauge.files import write_bytes

FORMAT = 2
"""Version of the file format; a reader refuses any other."""

CELL_ATTRS = {
    "study": str,
    "scale": str,
    "label": str,
    "axes": dict,
    "config": dict,
    "data": dict,
    "position": int,
}
"""What the record of a cell says of itself, beside provenance; docs/records.md explains it."""


def write(record: xr.Dataset, path: Path) -> None:
    """Write `record` to `path`, whole or not at all; the same record gives the same bytes."""
    arrays = {str(name): np.ascontiguousarray(values) for name, values in record.variables.items()}
    meta = {
        "format": FORMAT,
        "dims": {str(name): list(values.dims) for name, values in record.variables.items()},
        "coords": sorted(str(name) for name in record.coords),
        "attrs": record.attrs,
    }
    meta["digest"] = _digest(arrays, json.loads(json.dumps(meta)))  # as it will be read
    # save_file would leave a temporary file of its own behind where it is killed
    write_bytes(path, save(arrays, {"depthgauge": json.dumps(meta, sort_keys=True)}))


def read(path: Path) -> xr.Dataset:
    """Read one record.

    Raises DataError when the file is missing, damaged or of another format version.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            meta = json.loads((file.metadata() or {}).get("depthgauge", "{}"))
            if meta.get("format") != FORMAT:
                raise DataError(
                    f"{path} is not a record of format {FORMAT} (found {meta.get('format')});"
                    " remove it and train the study again"
                )
            names = file.offset_keys()
            tensors = {name: file.get_tensor(name) for name in names}
        if meta.pop("digest") != _digest(tensors, meta):
            raise ValueError("its content is not what was written")
        arrays = {name: (meta["dims"][name], values) for name, values in tensors.items()}
        _require_words(meta["dims"])
        coords = {name: arrays.pop(name) for name in meta["coords"]}
        return xr.Dataset(arrays, coords, dict(meta["attrs"]))
    except FileNotFoundError:
        raise DataError(f"no record at {path}; run `depthgauge train` for its study") from None
    except (
        SafetensorError,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{path} is damaged ({reason}); remove it and train the study again"
        ) from error


def read_study(folder: Path) -> list[xr.Dataset]:
    """Read every record of a study, in the order of its grid; an unknown study gives [].

    Raises DataError when a record is damaged or does not say what a cell's record says.
    """
    records = []
    for path in sorted(folder.glob("*.safetensors")):
        record = read(path)
        _require_cell(record, path)
        records.append(record)
    return sorted(records, key=lambda record: record.attrs["position"])


def _digest(arrays: Mapping[str, np.ndarray], meta: dict[str, Any]) -> str:
    """Return a digest of the arrays, with their types and shapes, and of what is said of them."""
    digest = hashlib.sha256(json.dumps(meta, sort_keys=True).encode())
    for name, values in sorted(arrays.items()):
        digest.update(f"{name} {values.dtype} {values.shape}".encode())
        digest.update(np.ascontiguousarray(values).data if values.size else b"")
    return digest.hexdigest()


def _require_words(dims: dict[str, list[str]]) -> None:
    """Raise ValueError for a name that is not a plain word: names become files, columns, curves."""
    for name in {*dims, *(axis for axes in dims.values() for axis in axes)}:
        if not re.fullmatch(r"\w+", name):
            raise ValueError(f"{name!r} is not a name for an array")


def _require_cell(record: xr.Dataset, path: Path) -> None:
    """Raise DataError where the record of a cell lacks what every one has."""
    attrs = record.attrs
    wrong = [name for name, kind in CELL_ATTRS.items() if not isinstance(attrs.get(name), kind)]
    if not wrong and not re.fullmatch(r"[\w-]+", attrs["study"]):  # it becomes a folder
        wrong = ["study"]
    table = ("seed", "learning_rate", "diverged_at")
    wrong += [name for name in table if name not in record or record[name].dims != ("replica",)]
    if wrong:
        raise DataError(
            f"{path} is not the record of a cell ({', '.join(wrong)} lacking or wrong);"
            " remove it and train the study again"
        )


def join(blocks: list[xr.Dataset], attrs: dict[str, Any]) -> xr.Dataset:
    """Return one record of all replicas of `blocks`, which measured the same cell.

    Axes of other lengths (a block that diverged early) are not reconciled: all blocks share one
    schedule, so a mismatch is an error. `attrs` replaces the attributes of the blocks.
    """
    joined = xr.concat(
        blocks, "replica", data_vars="minimal", coords="minimal", compat="equals", join="exact"
    )
    joined.attrs = dict(attrs)
    return joined
