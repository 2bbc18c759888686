"""Bring finished records and figures into MLflow, as often as you like.

  depthgauge track              every study in build/
  depthgauge track --study nielsen_accuracy

Records are enough: after a `dvc pull`, or when MLflow's database was lost, this fills it again.
"""

import argparse
import os
from pathlib import Path

import xarray as xr

from depthgauge.errors import DataError
from depthgauge.foreign import RETRAIN, understood
from depthgauge.stages.recorded import read_records
from depthgauge.stages.root import project_root
from depthgauge.tracking.store import open_store
from depthgauge.tracking.track import track


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `depthgauge track`."""
    parser.add_argument("--study", help="only this one")


def run(arguments: argparse.Namespace) -> None:
    """Track each study that has records in build/."""
    os.chdir(project_root())
    pattern = arguments.study or "*"
    folders = sorted(path for path in Path("build").glob(pattern) if path.is_dir())
    if not folders:
        raise DataError(f"no records in build/{pattern}; run `dvc repro` or `dvc pull` first")
    for folder in folders:
        track_study(folder.name, read_records(folder))
        print(f"{folder.name}: tracked")


def track_study(study: str, records: list[xr.Dataset]) -> None:
    """Import a study's records, then its figures, onto the same runs."""
    from depthgauge.report.figures import figures, png, svg

    drawn = figures({study: records})
    files: dict[str, str | bytes] = {}
    for name, figure in drawn.items():
        files[f"{name}.svg"] = svg(figure)
        files[f"{name}.png"] = png(figure)
    store = open_store(Path.cwd())
    with understood(f"a record of {study}", RETRAIN):
        track(store, records, files)
