"""A file is written whole or not at all."""

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import socket
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import psutil

from depthgauge.errors import ResourceError

_TEMPORARY = re.compile(r"(?P<file>\..*\.(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-\w+\.tmp)(-\w+)?")
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
    claim: int | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _tidy(path.parent.absolute())
        temporary, claim = _fresh(path)
        yield temporary
        with temporary.open("rb+") as written:
            _claim(written.fileno(), fcntl.LOCK_NB)  # it may be another file by now
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
        if claim is not None:
            os.close(claim)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path`, whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with whole(path) as temporary:
        temporary.write_bytes(content)


class Scratch(tempfile.TemporaryDirectory[str]):
    """A temporary folder that is claimed for as long as it is used."""

    def __init__(self, folder: Path, name: str) -> None:
        """Make one in `folder`, named after `name`."""
        super().__init__(".tmp", _prefix(name), folder)
        self._handle = os.open(self.name, os.O_RDONLY)
        _claim(self._handle)

    def cleanup(self) -> None:
        """Remove it."""
        super().cleanup()
        os.close(self._handle)


def scratch(folder: Path, name: str) -> Scratch:
    """Make a temporary folder in `folder`; those that killed processes left there are removed."""
    remove_orphans(folder)
    return Scratch(folder, name)


def remove_orphans(folder: Path) -> None:
    """Remove what is temporary in `folder` and whose writer, of this machine, is gone.

    A writer holds a lock that the kernel frees when it ends: containers that share the folder and
    a host name do not see each other's processes, but they do see each other's locks.
    """
    for path in folder.glob(".*.tmp*"):
        named = _TEMPORARY.fullmatch(path.name)
        if (
            named
            and named["host"] == _host()
            and not psutil.pid_exists(int(named["pid"]))
            and _unclaimed(folder / named["file"])
        ):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _fresh(path: Path) -> tuple[Path, int]:
    """Create a claimed temporary file beside `path`, with the rights that the umask leaves."""
    while True:
        temporary = path.with_name(f"{_prefix(path.name)}{secrets.token_hex(4)}.tmp")
        handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        _claim(handle)
        if os.fstat(handle).st_nlink:
            return temporary, handle
        os.close(handle)  # removed as an orphan before it was claimed


def _claim(handle: int, flags: int = 0) -> None:
    """Lock an open file until it is closed; where the file system cannot, its pid must do."""
    with suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX | flags)


def _unclaimed(path: Path) -> bool:
    """Return whether nobody holds the lock of `path`; False where that cannot be asked."""
    try:
        handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError:
        return False
    finally:
        os.close(handle)


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
