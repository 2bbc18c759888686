"""A team's servers on loopback: Debian's PostgreSQL, and MLflow as docs/team/ starts it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
import yaml

TEAM = Path(__file__).parents[2] / "docs" / "team"
PASSWORDS = {"admin": "the admin's own word", "alice": "alice's own word", "bob": "bob's own word"}
PATIENCE = 240
"""Seconds to wait for a server: MLflow's takes ten on an idle machine."""


def postgres_programs():
    """Return the folder of PostgreSQL's programs; skip where it is not installed."""
    pytest.importorskip("psycopg2", reason="psycopg2-binary is not installed (the extra `team`)")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    return found[-1].parent


def free_port():
    """Return a port of loopback on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start_postgres(folder, programs):
    """Start a new cluster in `folder`; return its process and what leads a client to it.

    PostgreSQL refuses to be root's: then it is the user postgres's.
    """
    secret = folder / "password"
    secret.write_text("the database's word")
    as_other = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_other:
        for path in (folder, secret):
            shutil.chown(path, "postgres")
    init = [programs / "initdb", "-D", folder / "data", "-U", "mlflow", "--auth=scram-sha-256"]
    subprocess.run(
        [*as_other, *init, f"--pwfile={secret}", "--no-sync"],
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    port = free_port()
    serve = [programs / "postgres", "-D", folder / "data", "-k", folder, "-p", str(port)]
    process = subprocess.Popen(
        [*as_other, *serve, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, start_new_session=True,
    )  # fmt: skip
    return process, {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(port),
        "PGUSER": "mlflow",
        "PGDATABASE": "postgres",
        "PGPASSWORD": secret.read_text(),
    }


class TrackingServer:
    """`mlflow server` with the words of docs/team/compose.yaml, on loopback."""

    def __init__(self, folder, database):
        self.log = folder / "server.log"
        self.url = f"http://127.0.0.1:{free_port()}"
        service = yaml.safe_load((TEAM / "compose.yaml").read_text())["services"]["tracking"]
        own = {
            "host": "127.0.0.1",
            "port": self.url.rpartition(":")[2],
            "workers": "1",
            "artifacts-destination": str(folder / "artifacts"),
            "allowed-hosts": "127.0.0.1:*",
            "cors-allowed-origins": self.url,
        }
        options = dict(word[2:].split("=") for word in service["command"][2:]) | own
        self.command = [str(Path(sys.executable).parent / "mlflow"), "server"]
        self.command += [f"--{name}={value}" for name, value in options.items()]
        secrets = {
            "MLFLOW_AUTH_CONFIG_PATH": str(TEAM / "auth.ini"),
            "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORDS["admin"],
            "MLFLOW_FLASK_SERVER_SECRET_KEY": "a key",
        }
        outside = {key: os.environ[key] for key in os.environ if not key.startswith("MLFLOW_")}
        self.environment = outside | service["environment"] | database | secrets
        self.start()

    def start(self):
        """Start it; it answers some seconds later (`wait`)."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, env=self.environment, start_new_session=True
            )

    def wait(self):
        """Wait until it answers."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if requests.get(f"{self.url}/health", timeout=5).ok:
                    return
            except requests.RequestException:
                time.sleep(0.2)
        raise AssertionError(self.log.read_text()[-3000:])

    def kill(self):
        """End it without warning, its workers too."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def add_user(self, name):
        """As docs/team.md says it: the administrator's request."""
        requests.post(
            f"{self.url}/api/2.0/mlflow/users/create",
            json={"username": name, "password": PASSWORDS[name]},
            auth=("admin", PASSWORDS["admin"]),
            timeout=60,
        ).raise_for_status()

    def credentials(self, user, password=None):
        """Return the environment of a user's commands."""
        return {
            "MLFLOW_TRACKING_URI": self.url,
            "MLFLOW_TRACKING_USERNAME": user,
            "MLFLOW_TRACKING_PASSWORD": password or PASSWORDS[user],
        }
