"""MLflow's store: a database and a folder of artifacts at the project's root.

Both lie where MLflow itself looks by default, so that a bare `mlflow ui` there shows everything.
"""

import logging
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from filelock import BaseFileLock, FileLock

from depthgauge.errors import TrackingError
from depthgauge.files import whole
from depthgauge.tracking.errors import AFTERWARDS, SQLITE, as_tracking_errors
from depthgauge.tracking.home import store_home
from depthgauge.tracking.relocation import follow

if TYPE_CHECKING:  # MLflow takes over a second to import: only open_store does it
    from mlflow import MlflowClient

P = ParamSpec("P")
R = TypeVar("R")

DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # the default, 7, keeps training waiting for minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # two lines a run, a password in the address
}
"""MLflow's settings unless the user has set them; it reads them when it is imported."""

BUSY_SECONDS = 5.0
"""How long to wait for a database that another program locks."""

LOCK_SECONDS = 60.0
"""How long another depthgauge process may be creating runs or importing."""


@dataclass(frozen=True)
class Store:
    """An open database of MLflow, or a connection to its server."""

    client: "MlflowClient"
    root: Path
    """The project's root, which holds the database."""
    checkout: Path
    """The sources that run: the project's root, or a temporary checkout of DVC's."""

    @property
    def uri(self) -> str:
        """Where the runs are: a sqlite file or a server."""
        return self.client.tracking_uri

    @property
    def is_file(self) -> bool:
        """Whether it is a sqlite file, which the processes of one machine alone can share."""
        return self.uri.startswith(SQLITE)

    def artifact_location(self, study: str) -> str | None:
        """Return the folder of a study's artifacts; None leaves it to the server."""
        return (self.root / "mlruns" / study).as_uri() if self.is_file else None

    def lock(self) -> BaseFileLock:
        """Return the lock under which runs are looked up and created, each once."""
        return _lock(self.root)


def open_store(root: Path) -> Store:
    """Open the database of the project at `root`, or the one that MLFLOW_TRACKING_URI names.

    Raises TrackingError when it cannot be written, is locked, damaged or of another version, or
    when the server does not answer: to be shown as a warning, since training continues without it.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # each try again, a line
    checkout = root.resolve()
    root = store_home(checkout)
    own = root / "mlflow.db"
    uri = os.environ.get("MLFLOW_TRACKING_URI") or _uri(own)
    with as_tracking_errors(uri):
        database = _database(uri)
        if database is not None:
            _prepare(database, root)
        from mlflow import MlflowClient

        client = MlflowClient(uri)
        client.search_experiments(max_results=1)  # a server is asked only by this
        if database is not None and database.resolve() == own:
            _follow(own, root)
    return Store(client, root, checkout)


def raises_tracking_errors(
    function: Callable[Concatenate[Store, P], R],
) -> Callable[Concatenate[Store, P], R]:
    """Make a function of a store raise TrackingError for what can go wrong with the store."""

    @wraps(function)
    def call(store: Store, *args: P.args, **kwargs: P.kwargs) -> R:
        with as_tracking_errors(store.uri):
            return function(store, *args, **kwargs)

    return call


def _prepare(database: Path, root: Path) -> None:
    artifacts = root / "mlruns"
    try:
        artifacts.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=artifacts):
            pass
    except OSError as error:
        raise TrackingError(
            f"cannot write to {artifacts}: {error.strerror}; make it a folder that you can"
            f" write{AFTERWARDS}"
        ) from error
    with _lock(root):
        if not database.exists() or database.stat().st_size == 0:
            _create(database, artifacts)
        _check(database)


def _create(database: Path, artifacts: Path) -> None:
    """Make a database with MLflow's schema, first under a temporary name, as it takes seconds.

    A half-made database would never open again (tried).
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    with whole(database) as fresh:
        SqlAlchemyStore(_uri(fresh), artifacts.as_uri()).engine.dispose()


def _uri(database: Path) -> str:
    """Return the URI of a database in a file.

    Where the path has characters that a URI escapes, as ? or %, it is given from here: MLflow
    would make an empty folder of the escaped name, and SQLAlchemy before 2.1 does not escape.
    """
    from sqlalchemy import URL

    for path in (str(database), os.path.relpath(database)):
        uri = URL.create("sqlite", database=path).render_as_string()
        if uri == SQLITE + path and not set(path) & set("?%#"):
            break
    return uri


def _database(uri: str) -> Path | None:
    """Return the file that a URI names; None for a server's."""
    if not uri.startswith(SQLITE):
        return None
    from sqlalchemy import make_url

    return Path(make_url(uri).database or "")


def _follow(database: Path, root: Path) -> None:
    """Repair, once and with a sentence, the database of a project that was moved or copied."""
    with _lock(root):
        for former in follow(database, root, BUSY_SECONDS):
            print(
                f"depthgauge: {database} was created in {former}; its artifacts are now read"
                f" from and written to {root / 'mlruns'}",
                file=sys.stderr,
            )


def _check(database: Path) -> None:
    """Check with SQLite first: MLflow retries a database it cannot open for minutes."""
    connection = sqlite3.connect(database, timeout=BUSY_SECONDS, isolation_level=None)
    with closing(connection):
        connection.execute("PRAGMA journal_mode=WAL")  # readers and a writer at once; it stays
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


def _lock(root: Path) -> BaseFileLock:
    # One lock object per file and process, so that a holder may take it again.
    return FileLock(root / "mlflow.db.lock", timeout=LOCK_SECONDS, is_singleton=True)
