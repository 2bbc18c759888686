import sqlite3
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, UNAUTHENTICATED

from depthgauge.errors import TrackingError
from depthgauge.tracking import store as store_module
from depthgauge.tracking.errors import as_tracking_errors
from depthgauge.tracking.store import open_store


def test_the_store_is_where_mlflow_looks(root, store):
    """A bare `mlflow ui` at the root reads mlflow.db; artifacts of a study lie below mlruns."""
    assert store.uri == f"sqlite:///{root}/mlflow.db"
    assert store.artifact_location("speed") == (root / "mlruns" / "speed").as_uri()
    with closing(sqlite3.connect(root / "mlflow.db")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_in_place_of_mlruns(root):
    """What cannot be a folder of artifacts is named, before anything is written."""
    (root / "mlruns").rmdir()
    (root / "mlruns").write_text("")
    assert_one_sentence(root, "cannot write to", str(root / "mlruns"))


def test_a_database_that_cannot_be_written(root):
    """A folder in place of mlflow.db is named."""
    (root / "mlflow.db").unlink()
    (root / "mlflow.db").mkdir()
    (root / "mlflow.db" / "x").write_text("")
    assert_one_sentence(root, "is not usable (unable to open database file)", "mlflow.db")


def test_a_locked_database(root, monkeypatch):
    """Another process that holds the database is reported, after a short wait."""
    monkeypatch.setattr(store_module, "BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(root / "mlflow.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert_one_sentence(root, "locked by another process", "mlflow.db")


def test_a_corrupt_database(root):
    """Bytes that are not a database are left alone, and the sentence says what to do."""
    (root / "mlflow.db").write_bytes(b"no database " * 100)
    assert_one_sentence(root, "is damaged: move it away", "mlflow.db")
    assert (root / "mlflow.db").read_bytes().startswith(b"no database")


def test_a_database_of_a_newer_mlflow(root):
    """A schema that this MLflow does not know is left alone."""
    with closing(sqlite3.connect(root / "mlflow.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = 'f00000000000'")
        database.commit()
    assert_one_sentence(root, "another MLflow version", "mlflow.db")


def test_two_imports_at_once(root, monkeypatch):
    """A lock that another depthgauge keeps is reported."""
    monkeypatch.setattr(store_module, "LOCK_SECONDS", 0.1)
    monkeypatch.setattr(store_module, "_lock", raise_timeout)
    assert_one_sentence(root, "being written by another depthgauge", "mlflow.db")


def raise_timeout(root):
    from filelock import Timeout

    raise Timeout(str(root / "mlflow.db.lock"))


def test_an_unreachable_server(root, monkeypatch):
    """MLFLOW_TRACKING_URI beats the file; a server that is not there is named in seconds."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert_one_sentence(root, "does not answer", "http://127.0.0.1:9")


def test_a_server_that_refuses(root, monkeypatch):
    """A server that forbids the request is named."""
    with HTTPServer(("127.0.0.1", 0), Refuse) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_port}")
        assert_one_sentence(root, "does not let this user write", "127.0.0.1")
        server.shutdown()
        thread.join()


def test_a_password_in_an_address_is_not_shown(root, monkeypatch):
    """Neither by our sentence, nor by the reason of MLflow's that it quotes."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    for address in ("http://alice:hidden@127.0.0.1:9", "http://alice:hidden@127.0.0.1:x"):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        with pytest.raises(TrackingError) as caught:
            open_store(root)
        assert "hidden" not in str(caught.value) and "http://127.0.0.1" in str(caught.value)


@pytest.mark.parametrize(
    ("code", "words"),
    [(UNAUTHENTICATED, "MLFLOW_TRACKING_PASSWORD"), (PERMISSION_DENIED, "permission to manage")],
)
def test_what_a_refusal_means(code, words):
    """A wrong password and a lacking permission, each with what to do about it."""
    with pytest.raises(TrackingError, match=words), as_tracking_errors("http://host"):
        raise MlflowException("API request failed", error_code=code)


class Refuse(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, format, *args):
        pass


def assert_one_sentence(root, *words):
    with pytest.raises(TrackingError) as caught:
        open_store(root)
    text = str(caught.value)
    assert "\n" not in text
    assert "`depthgauge track`" in text
    for each in words:
        assert each in text
