"""Records of earlier runs, possibly of another user, for the stages that read them."""

from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from depthgauge.errors import DataError
from depthgauge.records import read, read_study
from depthgauge.studies.registry import STUDIES
from depthgauge.untrusted import printable


def read_judged(build: Path, studies: Sequence[str] = STUDIES) -> dict[str, list[xr.Dataset]]:
    """Return the records below `build` of the studies that claims are about, where it has any.

    DVC knows these folders alone: another one, as of a user's study, changes no result. Raises
    DataError without any record: what is made of them would replace an earlier result.
    """
    found = {name: read_records(build / name) for name in studies if (build / name).is_dir()}
    if not any(found.values()):
        raise DataError(
            f"no records in {build} of the studies that claims are about; run `dvc repro` in a"
            " clone, or give --build"
        )
    return found


def read_records(place: Path) -> list[xr.Dataset]:
    """Return one record, or those of a study's folder in grid order, their text safe to print.

    An unknown study gives []. Raises DataError when a record is damaged or of no cell.
    """
    records = [read(place)] if place.suffix == ".safetensors" else read_study(place)
    for record in records:
        record.attrs = printable(record.attrs)
    return records
