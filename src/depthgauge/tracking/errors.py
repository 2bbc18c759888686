"""What can go wrong with MLflow, each in one sentence."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from depthgauge.errors import ResourceError, TrackingError

SQLITE = "sqlite:///"
"""How the URI of a database in a file begins."""

AFTERWARDS = ", then run `depthgauge track`; no result is lost"
"""Ends each sentence: MLflow is filled from the records, which do not depend on it."""

REASONS = {
    "locked": "is locked by another process: stop the program that holds it",
    "could not be acquired": "is being written by another depthgauge: wait until that has ended",
    "not a database": "is damaged: move it away (a new one is made)",
    "malformed": "is damaged: move it away (a new one is made)",
    "is full": "cannot grow: free some space on the disk",
    "readonly": "cannot be written: make the file and its folder writable",
    "unable to open": "cannot be opened: make it a file, in a folder, that you can write",
    "schema": "is of another MLflow version: install that one, or move the file away",
    "revision": "is of another MLflow version: install that one, or move the file away",
    "maintenance mode": "is a folder, which MLflow no longer supports: unset MLFLOW_TRACKING_URI",
    "failed with exception": "does not answer: start the server, or unset MLFLOW_TRACKING_URI",
    "failed with timeout": "does not answer in time: check the load of the server",
    "not authenticated": "rejected the user and password: set MLFLOW_TRACKING_USERNAME and"
    " MLFLOW_TRACKING_PASSWORD",
    "Permission denied": "does not let this user write: ask its administrator for permission to"
    " manage the study's experiment",
    "failed with error code": "rejected the request: check MLFLOW_TRACKING_URI and the server's"
    " credentials",
}
"""Words of SQLite's, Alembic's and MLflow's messages -> what is wrong, and what to do."""


@contextmanager
def as_tracking_errors(uri: str) -> Iterator[None]:
    """Turn the foreseeable failures of MLflow and its store at `uri` into TrackingError."""
    try:
        yield
    except ResourceError as error:
        raise TrackingError(str(error)) from error
    except Exception as error:
        if not _is_foreseen(error):
            raise
        raise TrackingError(_sentence(uri, str(error))) from error


@contextmanager
def missing_driver(uri: str) -> Iterator[None]:
    """Turn the import error of a database driver, as psycopg2, into TrackingError."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise TrackingError(
            f"MLflow's store {without_password(uri)} needs the Python module {error.name}:"
            f" install it, or unset MLFLOW_TRACKING_URI{AFTERWARDS}"
        ) from error


def _is_foreseen(error: Exception) -> bool:
    # Imported only now: most processes never see a failure, nor need all of these packages.
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return isinstance(
        error, MlflowException | SQLAlchemyError | CommandError | sqlite3.Error | OSError
    )


def without_password(text: str) -> str:
    """Return `text` without the user and password of any address in it."""
    return re.sub(r"://[^/\s]*@", "://", text)


def _sentence(uri: str, message: str) -> str:
    where, message = without_password(uri.removeprefix(SQLITE)), without_password(message)
    for words, reason in REASONS.items():
        if words in message:
            return f"MLflow's store {where} {reason}{AFTERWARDS}"
    reason = message.strip().partition("\n")[0].partition(". ")[0]
    return f"MLflow's store {where} cannot be used ({reason}): correct that{AFTERWARDS}"
