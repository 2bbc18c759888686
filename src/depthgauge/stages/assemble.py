"""From finished blocks to one record a cell: what a study hands on to judge, report and track."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from depthgauge.records import join, read, write
from depthgauge.stages.blocks import CELLS
from depthgauge.stages.plan import Planned
from depthgauge.training.cell import record_path


def assemble(study: str, planned: Sequence[Planned]) -> list[xr.Dataset]:
    """Join each cell's blocks; write them to the folder `out`, if the config names one.

    The folder holds exactly these records afterwards: what an earlier grid left is removed.
    """
    records = [_record(study, each) for each in planned]
    if planned[0].config.out is not None:
        folder = Path(planned[0].config.out)
        shutil.rmtree(folder, ignore_errors=True)
        for record in records:
            write(record, folder / f"{record.attrs['position']:03d}.safetensors")
    return records


def _record(study: str, planned: Planned) -> xr.Dataset:
    blocks = [read(record_path(CELLS, block)) for block in planned.cell.blocks]
    attrs = {key: value for key, value in blocks[0].attrs.items() if key != "key"}
    return join(blocks, attrs | planned.attributes(study))
