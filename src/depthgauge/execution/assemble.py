"""From finished blocks to one record a cell: what a study hands on to judge, report and track."""

from collections.abc import Sequence
from pathlib import Path, PurePath

import numpy as np
import xarray as xr

from depthgauge.config import Config
from depthgauge.errors import ConfigError
from depthgauge.planning.plan import Planned
from depthgauge.records import join, read, write
from depthgauge.store.state import CELLS
from depthgauge.training.cell import record_path


def assemble(study: str, planned: Sequence[Planned]) -> list[xr.Dataset]:
    """Join each cell's blocks; write them to the folder `out`, if the config names one.

    The folder holds exactly these records afterwards: those that an earlier grid left are removed.
    """
    records = [_record(study, each) for each in planned]
    folder = out_folder(planned[0].config)
    if folder is not None:
        paths = [folder / f"{record.attrs['position']:03d}.safetensors" for record in records]
        for record, path in zip(records, paths, strict=True):
            write(record, path)
        for path in set(folder.glob("*.safetensors")) - set(paths):
            path.unlink()
    return records


def out_folder(config: Config) -> Path | None:
    """Return the folder `out`, None if the config names none.

    Raises ConfigError for one that is not below build/: records there are removed.
    """
    if config.out is None:
        return None
    parts = PurePath(config.out).parts
    if len(parts) < 2 or parts[0] != "build" or ".." in parts or "\0" in config.out:
        raise ConfigError(f"invalid out={config.out!r}: name a folder below build, as build/x")
    return Path(config.out)


def _record(study: str, planned: Planned) -> xr.Dataset:
    blocks = [read(record_path(CELLS, block)) for block in planned.cell.blocks]
    attrs = {key: value for key, value in blocks[0].attrs.items() if key != "key"}
    return join(blocks, attrs | planned.attributes(study))


def require_a_rate(records: Sequence[xr.Dataset]) -> None:
    """Raise ConfigError where a cell has several rates and every replica of all diverged.

    A single rate that diverges is a result; a grid is there to be chosen from.
    """
    lost = [record for record in records if _several(record) and _none_left(record)]
    if lost:
        labels = "; ".join(record.attrs["label"] for record in lost)
        rates = ", ".join(f"{rate:g}" for rate in np.unique(lost[0]["learning_rate"]))
        raise ConfigError(
            f"every rate diverged in {len(lost)} of {len(records)} cells ({labels}), as with"
            f" learning_rate=[{rates}]: use lower ones; the records are kept"
        )


def _several(record: xr.Dataset) -> bool:
    return len(np.unique(record["learning_rate"])) > 1


def _none_left(record: xr.Dataset) -> bool:
    return bool((record["diverged_at"] >= 0).all())
