"""README's query of MLflow runs and answers the question above it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from depthgauge.tracking.import_records import track
from depthgauge.tracking.sweep import sweep_of

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_a_few_lines_say_which_initialization_is_best(store, root, make_record):
    """The mean accuracy of each initialization in the sweep of 10,000 steps, the best one last.

    In its own process, as a user types it in the project's folder: MLflow keeps the address
    of its store for a whole process.
    """
    records = []
    trained = [("he", 10_000, 0.9), ("orthogonal", 10_000, 0.8), ("he", 150_000, 0.99)]
    for init, steps, accuracy in trained:
        cell = f"{init} {steps}"
        names = {"cell": cell, "keys": [cell], "label": cell, "study": "nielsen_accuracy"}
        record = make_record(5, params={"init": init, "steps": steps}, **names)
        record["accuracy_validation"][:] = np.full(record["accuracy_validation"].shape, accuracy)
        records.append(record)
    track(store, sweep_of([record.attrs for record in records]), records, {})
    (snippet,) = re.findall(r"```python\n(import mlflow\n.*?)```", README, re.DOTALL)
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
