"""The files of a run: tables of every seed, the whole config, figures."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import xarray as xr

from depthgauge.tracking.curves import is_curve
from depthgauge.tracking.store import Store


def record_files(record: xr.Dataset) -> dict[str, str]:
    """Return a record's artifacts by path: `config.json`, and `seeds/AXES.csv`.

    Each table has one row for each replica, step and layer, with columns seed and learning_rate.
    Variables with further axes (the averaged gradient of each unit) stay in the record alone.
    """
    tables: dict[str, list[str]] = {}
    for name, variable in record.data_vars.items():
        if is_curve(variable) or variable.dims == ("replica",):
            axes = "-".join(map(str, variable.dims[1:])) or "replica"
            tables.setdefault(f"seeds/{axes}.csv", []).append(str(name))
    files = {path: _table(record[names]) for path, names in tables.items()}
    return files | {"config.json": json.dumps(record.attrs["config"], indent=2, sort_keys=True)}


def upload(store: Store, run_id: str, files: Mapping[str, str | bytes], folder: str) -> None:
    """Put files, given as path -> content, into a run's `folder`, over those of the same name."""
    with tempfile.TemporaryDirectory() as temporary:
        for name, content in files.items():
            path = Path(temporary, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        store.client.log_artifacts(run_id, temporary, folder or None)


def _table(record: xr.Dataset) -> str:
    frame = record.to_dataframe().reset_index()
    axes = [axis for axis in record.dims if axis != "replica"]
    columns = ["seed", "learning_rate", *axes, *record.data_vars]
    return frame[columns].to_csv(index=False)
