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

DAMAGED = "is damaged: move it away (a new one is made)"

SQLITE_REASONS = {
    sqlite3.SQLITE_BUSY: "is locked by another process: stop the program that holds it",
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
}
"""SQLite's primary result code -> what is wrong, and what to do; its own words serve for others."""

HTTP_REASONS = {
    401: "rejected the user and password: set MLFLOW_TRACKING_USERNAME and"
    " MLFLOW_TRACKING_PASSWORD",
    403: "does not let this user write: ask its administrator for permission to manage the study's"
    " experiment",
}
"""A server's status -> the same."""


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
        where = without_password(uri.removeprefix(SQLITE))
        sentence = f"MLflow's store {where} {_reason(error)}{AFTERWARDS}"
        raise TrackingError(sentence) from error


def _is_foreseen(error: Exception) -> bool:
    # Imported only now: most processes never see a failure, nor need all of these packages.
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    kinds = MlflowException | SQLAlchemyError | CommandError | sqlite3.Error | OSError
    return isinstance(error, kinds | ModuleNotFoundError)  # of a driver, as psycopg2


def without_password(text: str) -> str:
    """Return `text` without the user and password of any address in it."""
    return re.sub(r"://[^/\s]*@", "://", text)


def _reason(error: Exception) -> str:
    from alembic.util import CommandError
    from filelock import Timeout
    from mlflow.exceptions import MlflowException
    from requests import RequestException

    for each in _causes(error):
        code = getattr(each, "sqlite_errorcode", 0) & 0xFF
        if code in SQLITE_REASONS:
            return SQLITE_REASONS[code]
        if isinstance(each, Timeout):
            return "is being written by another depthgauge process: wait until it has finished"
        if isinstance(each, CommandError) or "database schema" in str(each):  # Alembic's, MLflow's
            return "is of another MLflow version: install that one, or move the file away"
        if isinstance(each, RequestException):
            return "does not answer: start the server, or unset MLFLOW_TRACKING_URI"
        if isinstance(each, ModuleNotFoundError):
            return f"needs the Python module {each.name}: install it, or unset MLFLOW_TRACKING_URI"
    status = error.get_http_status_code() if isinstance(error, MlflowException) else None
    words = without_password(str(error)).strip().partition("\n")[0].partition(". ")[0]
    return HTTP_REASONS.get(status or 0, f"is not usable ({words}): fix that")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
