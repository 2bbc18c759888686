"""What a project holds when all is done, in a form that two of them can be compared in."""

import sqlite3
from collections import Counter
from contextlib import closing

UNTOLD = ("timing.json", "lock")
"""Files of a block that may differ: how long it took, and who held it."""


def files(root):
    """Return the content of every file, by path, but the tracking database and Hydra's files."""
    kept = (path for path in root.rglob("*") if path.is_file())
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in kept
        if path.name not in UNTOLD
        and "sweeps" not in path.parts
        and "mlruns" not in path.relative_to(root).parts
        and not path.name.startswith("mlflow.db")
    }


def strays(root):
    """Return what no finished command leaves behind."""
    marks = (".tmp", "checkpoint", "error.txt", ".fetch", ".part")
    return [str(path) for path in root.rglob("*") if any(mark in path.name for mark in marks)]


def tracked(root):
    """Return runs, by kind and status, and all points of the curves of those that are not deleted.

    A point is (cell, metric, step, value): written twice it counts twice.
    """
    with closing(sqlite3.connect(f"file:{root / 'mlflow.db'}?mode=ro", uri=True)) as connection:
        runs = connection.execute(
            "select name, status from runs where lifecycle_stage = 'active'"
        ).fetchall()
        points = connection.execute(
            "select runs.name, key, step, value from metrics join runs using (run_uuid)"
            " where lifecycle_stage = 'active'"
        ).fetchall()
    uploaded = (path for path in (root / "mlruns").rglob("*") if path.is_file())
    tails = Counter(path.parts[path.parts.index("artifacts") + 1 :] for path in uploaded)
    return Counter(runs), Counter(points), tails
