"""A file is written whole or not at all."""

import hashlib
import os
import re
import shutil
import socket
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psutil

from depthgauge.errors import ResourceError

_TEMPORARY = re.compile(r"\..*\.(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-\w+\.tmp(-\w+)?")
"""Our temporary files say who writes them; `-journal` and the like are SQLite's beside its own."""


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes the place of `path` at once.

    The bytes reach the disk before the rename, so a reader, also after a power cut, finds the
    old file or the new one. On any failure the temporary file is removed and `path` is untouched;
    what a killed process left in the folder is removed, too, before the first file of this process.
    Raises ResourceError when the folder cannot be written or the disk is full.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _tidy(path.parent.absolute())
        handle, name = tempfile.mkstemp(".tmp", _prefix(path.name), path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        # mkstemp makes it private; it is for the team
        temporary.chmod(0o644)
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise ResourceError(
            f"cannot write {path}: {reason}; free some space or make the folder writable,"
            " then repeat the command"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path`, whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with whole(path) as temporary:
        temporary.write_bytes(content)


def scratch(folder: Path, name: str) -> tempfile.TemporaryDirectory[str]:
    """Make a temporary folder in `folder`; those that killed processes left there are removed."""
    remove_orphans(folder)
    return tempfile.TemporaryDirectory(".tmp", _prefix(name), folder)


def remove_orphans(folder: Path) -> None:
    """Remove what is temporary in `folder` and whose writer, of this machine, is gone."""
    for path in folder.glob(".*.tmp*"):
        named = _TEMPORARY.fullmatch(path.name)
        if named and named["host"] == _host() and not psutil.pid_exists(int(named["pid"])):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


@cache
def _tidy(folder: Path) -> None:
    """Remove orphans, once a process: a study's folder has a file a cell, each written here."""
    remove_orphans(folder)


def _prefix(name: str) -> str:
    return f".{name}.{_host()}-{os.getpid()}-"


def _host() -> str:
    """Return 8 hex digits for this machine: on a shared disk another one's processes may live."""
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def sha256(path: Path) -> str:
    """Return the sha256 of a file's content, as lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
