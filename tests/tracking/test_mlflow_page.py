"""docs/mlflow.md: its snippet runs and answers the question above it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from depthgauge.tracking.import_records import track
from depthgauge.tracking.sweep import sweep_of

PAGE = (Path(__file__).parents[2] / "docs" / "mlflow.md").read_text(encoding="utf-8")


def test_three_lines_say_which_initialization_is_best(store, root, make_record):
    """The mean accuracy of each initialization at depth 4, the best one last.

    In its own process, as a user types it in the project's folder: MLflow keeps the address
    of its store for a whole process.
    """
    records = []
    for layers, init, accuracy in [(5, "he", 0.9), (5, "orthogonal", 0.8), (2, "uniform", 0.99)]:
        params = {"init": init, "depth": layers - 1}
        names = {"cell": init, "keys": [init], "label": init, "study": "nielsen_accuracy"}
        record = make_record(layers, params=params, **names)
        record["accuracy_validation"][:] = np.full(record["accuracy_validation"].shape, accuracy)
        records.append(record)
    track(store, sweep_of([record.attrs for record in records]), records, {})
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len([line for line in snippet.splitlines() if line]) == 3
    around = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
    typed = subprocess.run(
        [sys.executable, "-c", snippet],
        cwd=root,
        env=around,
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split() for line in typed.stdout.splitlines()]
    assert [row for row in rows if len(row) == 2 and row[0] != "Name:"] == [
        ["orthogonal", "0.8"],
        ["he", "0.9"],
    ]
