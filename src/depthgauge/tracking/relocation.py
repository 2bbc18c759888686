"""A project that was moved or copied: the artifact locations in its database follow it.

MLflow stores absolute locations only: it resolves a relative one against the current folder when
an experiment is created (mlflow pull request 7670; issue 3144 asks for more), and no call of its
client changes one afterwards. So the rows are changed in SQLite itself, in one transaction.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

COLUMNS = (
    ("experiments", "experiment_id", "artifact_location"),
    ("runs", "run_uuid", "artifact_uri"),
    ("logged_models", "model_id", "artifact_location"),
)
"""Table, key and column of each location that MLflow (3.13 and later) stores."""

ARTIFACTS = "mlruns"

DEFAULT = "SELECT '0', artifact_location FROM experiments WHERE experiment_id = 0"
"""MLflow's Default experiment is created with the database, so its location says where."""

OURS = """SELECT DISTINCT experiments.name, artifact_location FROM experiments
JOIN runs USING (experiment_id) JOIN tags USING (run_uuid) WHERE tags.key = 'depthgauge.study'"""


def follow(database: Path, root: Path, seconds: float) -> list[Path]:
    """Make all locations below another project's mlruns lie below that of `root`.

    Return the roots that they lay below: none where the database was made at `root`, by whatever
    name that folder goes. A locked database is waited for up to `seconds`.
    """
    with closing(sqlite3.connect(database, timeout=seconds, isolation_level=None)) as connection:
        former = _former_roots(connection, root)
        if former:
            connection.execute("BEGIN IMMEDIATE")
            for table, key, column in COLUMNS:
                rows = connection.execute(f"SELECT {key}, {column} FROM {table}").fetchall()
                connection.executemany(
                    f"UPDATE {table} SET {column} = ? WHERE {key} = ?", _moved(rows, former, root)
                )
            connection.execute("COMMIT")
    return former


def _former_roots(connection: sqlite3.Connection, root: Path) -> list[Path]:
    default = _roots(connection.execute(DEFAULT).fetchall())
    if any(_same(each, root) for each in default):
        return []  # an experiment elsewhere was put there by the user
    found = dict.fromkeys([*default, *_roots(connection.execute(OURS).fetchall())])
    return [each for each in found if not _same(each, root)]


def _roots(rows: list[tuple[str, str]]) -> list[Path]:
    """Return ROOT of each location ROOT/mlruns/NAME, given with its name."""
    paths = [(name, _local(location)) for name, location in rows]
    return [
        path.parent.parent
        for name, path in paths
        if path is not None and path.name == name and path.parent.name == ARTIFACTS
    ]


def _moved(
    rows: list[tuple[str, str]], former: list[Path], root: Path
) -> Iterator[tuple[str, str]]:
    """Yield new location and key of each row whose location lies in a former root's mlruns."""
    for key, location in rows:
        path = _local(location)
        for each in former:
            if path is not None and path.is_relative_to(each / ARTIFACTS):
                yield (root / path.relative_to(each)).as_uri(), key


def _local(location: str | None) -> Path | None:
    """Return the folder that a location names; None for a server's or a bucket's."""
    parts = urlsplit(location or "s3:")
    if parts.scheme not in ("", "file") or parts.netloc:
        return None
    return Path(url2pathname(parts.path) if parts.scheme else str(location))


def _same(one: Path, other: Path) -> bool:
    try:
        return one == other or one.samefile(other)
    except OSError:
        return False
