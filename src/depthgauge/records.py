"""A record: what one grid cell measured, named axes, n seeds, and where it came from.

In memory a record is an xarray Dataset. Every variable has `replica` as its first axis; its
coordinates `seed` and `learning_rate` say which replica is which. On disk it is one safetensors
file whose only metadata entry is JSON: the axes of each array and the attributes. Attributes hold
the resolved scientific config, the data hash, the cell keys and the versions: the provenance.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from depthgauge.errors import DataError
from depthgauge.files import whole

FORMAT = 1
"""Version of the file format; a reader refuses any other."""


def write(record: xr.Dataset, path: Path) -> None:
    """Write `record` to `path`, whole or not at all; the same record gives the same bytes."""
    arrays = {str(name): np.ascontiguousarray(values) for name, values in record.variables.items()}
    meta = {
        "format": FORMAT,
        "dims": {str(name): list(values.dims) for name, values in record.variables.items()},
        "coords": sorted(str(name) for name in record.coords),
        "attrs": record.attrs,
    }
    with whole(path) as temporary:
        save_file(arrays, temporary, {"depthgauge": json.dumps(meta, sort_keys=True)})


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
            arrays = {name: (meta["dims"][name], file.get_tensor(name)) for name in names}
    except FileNotFoundError:
        raise DataError(f"no record at {path}; run `depthgauge train` for its study") from None
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} is damaged ({error}); remove it and train the study again"
        ) from error
    coords = {name: arrays.pop(name) for name in meta["coords"]}
    return xr.Dataset(arrays, coords, meta["attrs"])


def read_study(folder: Path) -> list[xr.Dataset]:
    """Read every record of a study, in the order of its grid; an unknown study gives []."""
    records = [read(path) for path in sorted(folder.glob("*.safetensors"))]
    return sorted(records, key=lambda record: record.attrs["position"])


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
