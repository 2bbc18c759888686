"""Images in a zip file, a tar file (of tar files) or a folder, read without unpacking to disk.

No member's name ever becomes a path, so no archive can write outside. A member whose name points
outside, and an archive that unpacks to far too much, are refused all the same.
"""

import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from depthgauge.datasets.folders import files_below
from depthgauge.errors import DataError

MEMBER_LIMIT = 64 << 20
"""Bytes of one member; the largest photograph of ILSVRC2012 has 15 MB."""
SWELLING_LIMIT = 20
"""How many times its own size an archive may unpack to; photographs do not shrink."""
SWELLING_FREE = 64 << 20
"""Bytes that any archive may unpack to."""

UNSOUND = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,  # a place before the file's beginning, or a bad bz2
    ValueError,
    OverflowError,
    NotImplementedError,
)
"""What the readers of these formats raise for damaged files (found by fuzzing)."""


@dataclass(frozen=True)
class Folder:
    """A folder of files, at any depth: the user's own, so it is trusted."""

    path: Path

    def names(self) -> list[str]:
        """Return the paths of all files, relative to the folder, behind links too."""
        return files_below(self.path)

    def read(self, wanted: Collection[str]) -> Iterator[tuple[str, bytes | None]]:
        """Yield the content of each wanted file; None for one that is gone or far too large."""
        for name in wanted:
            file = self.path / name
            sound = file.is_file() and file.stat().st_size <= MEMBER_LIMIT
            yield name, file.read_bytes() if sound else None


@dataclass(frozen=True)
class ZipArchive:
    """A zip file."""

    path: Path

    def names(self) -> list[str]:
        """Return the names of all files in it."""
        names, total = [], 0
        with _sound(self.path), zipfile.ZipFile(self.path) as archive:
            for member in archive.infolist():
                link = stat.S_ISLNK(member.external_attr >> 16)
                total += member.file_size
                _refuse_hostile(self.path, member.filename, link, member.file_size, total)
                if not member.filename.endswith("/"):  # a folder
                    names.append(member.filename)
        return names

    def read(self, wanted: Collection[str]) -> Iterator[tuple[str, bytes | None]]:
        """Yield the content of each wanted member; None where its checksum does not hold."""
        with _sound(self.path), zipfile.ZipFile(self.path) as archive:
            for name in wanted:
                try:
                    content = archive.read(name)
                except (KeyError, RuntimeError, *UNSOUND):
                    content = None
                yield name, content


@dataclass(frozen=True)
class TarArchive:
    """A tar file, compressed or not; a tar file in it counts as a folder of its name."""

    path: Path

    def names(self) -> list[str]:
        """Return the names of all files in it."""
        with _sound(self.path):
            return [name for name, _, _ in self._members()]

    def read(self, wanted: Collection[str]) -> Iterator[tuple[str, bytes | None]]:
        """Yield the content of each wanted member, in the order of the archive."""
        missing = set(wanted)
        with _sound(self.path):
            for name, archive, member in self._members():
                if name in missing:
                    missing.remove(name)
                    file = archive.extractfile(member)
                    yield name, file.read() if file else None
        for name in sorted(missing):
            yield name, None

    def _members(self) -> Iterator[tuple[str, tarfile.TarFile, tarfile.TarInfo]]:
        total = 0
        with tarfile.open(self.path) as outer:
            for name, archive, member in _walk(outer, ""):
                total += member.size
                link = not (member.isfile() or member.isdir())
                _refuse_hostile(self.path, name, link, member.size, total)
                if member.isfile():
                    yield name, archive, member


Archive = Folder | ZipArchive | TarArchive
"""Named members; `read` yields None for one that is damaged or gone."""


def open_archive(path: Path) -> Archive:
    """Return a reader for a folder, zip or tar file; raises DataError for anything else."""
    if path.is_dir():
        return Folder(path)
    if not path.is_file():
        raise DataError(f"{path} does not exist; give a file or folder that does")
    with path.open("rb") as file:
        if file.read(2) == b"PK":
            return ZipArchive(path)
    with _sound(path):
        if tarfile.is_tarfile(path):
            return TarArchive(path)
    raise DataError(f"{path} is neither a zip nor a tar file; give an archive of images")


def _walk(
    archive: tarfile.TarFile, prefix: str
) -> Iterator[tuple[str, tarfile.TarFile, tarfile.TarInfo]]:
    for member in archive:
        if member.isfile() and member.name.endswith(".tar") and not prefix:
            content: IO[bytes] | None = archive.extractfile(member)
            with tarfile.open(fileobj=content) as inner:
                yield from _walk(inner, f"{member.name.removesuffix('.tar')}/")
        else:
            yield prefix + member.name.removeprefix("./"), archive, member


def _refuse_hostile(path: Path, name: str, link: bool, size: int, total: int) -> None:
    """Raise DataError for a member that no archive of images has."""
    if not name:
        raise DataError(f"{path} is damaged (it has a member without a name); fetch it again")
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in "".join(parts.parts[:1]):
        raise DataError(f"{path} is refused: its member {name} points outside; get it elsewhere")
    if link:
        raise DataError(f"{path} is refused: its member {name} is a link; get it elsewhere")
    if size > MEMBER_LIMIT or total > SWELLING_FREE + SWELLING_LIMIT * path.stat().st_size:
        raise DataError(
            f"{path} is refused: with {name} it unpacks to {total} bytes, far more than"
            " photographs do; get it elsewhere"
        )


@contextmanager
def _sound(path: Path) -> Iterator[None]:
    """Turn the format readers' errors into one sentence."""
    try:
        yield
    except UNSOUND as error:
        raise DataError(f"{path} is damaged ({error}); fetch it again") from error
