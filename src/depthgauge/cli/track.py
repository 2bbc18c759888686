"""Import finished records and figures into MLflow; repeating it is safe.

  depthgauge track              every study in build/
  depthgauge track study=nielsen_accuracy

It needs only the records, so it can fill an empty database, for example after a `dvc pull`.
"""

import argparse
import os
from pathlib import Path

from depthgauge.errors import DataError
from depthgauge.execution.mlflow_runs import track_study
from depthgauge.project import project_root
from depthgauge.studies.judged_records import read_records


def run(arguments: argparse.Namespace) -> None:
    """Track each study that has records in build/."""
    os.chdir(project_root())
    folders: list[Path] = []
    for pattern in arguments.values.get("study", "*").split(","):
        found = sorted(path for path in Path("build").glob(pattern) if path.is_dir())
        if not found:
            raise DataError(f"no records in build/{pattern}; run `dvc repro` or `dvc pull` first")
        folders += found
    for folder in folders:
        new = track_study(folder.name, read_records(folder))
        print(f"{folder.name}: {'tracked' if new else 'up to date'}")
