"""The content of a raw file: what is in the gzip that a host sends, and whether it is right."""

import gzip
import hashlib
import zlib
from pathlib import Path

from depthgauge.datasets.sources import RawFile
from depthgauge.datasets.transfer import CHUNK, SourceError, WrongContentError

GZIP_MAGIC = b"\x1f\x8b"


def has_digest(path: Path, digest: str) -> bool:
    """Return whether the content of `path` has `digest`, given as ALGORITHM:HEX."""
    return digest_of(path, digest.partition(":")[0]) == digest


def digest_of(path: Path, algorithm: str) -> str:
    """Return the digest of a file's content as ALGORITHM:HEX."""
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def settle(received: Path, file: RawFile, target: Path) -> None:
    """Write the content of `received` to `target`, unpacked if it is a gzip of what we want.

    Sources may pack the same content differently, or not at all. Raises SourceError when the
    content is not, byte for byte, that of `file`.
    """
    with received.open("rb") as head:
        packed = head.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    if packed and file.published:
        _gunzip(received, target, file.size)
    else:
        received.replace(target)
    size = target.stat().st_size
    if file.exact and size != file.size:
        raise WrongContentError(f"wrong content ({size} bytes, {file.size} are right)")
    found = digest_of(target, file.digest.partition(":")[0])
    if found != file.digest:
        raise WrongContentError(f"wrong content ({found}, {file.digest} is right)")


def _gunzip(packed: Path, target: Path, limit: int) -> None:
    written = 0
    try:
        with gzip.open(packed) as source, target.open("wb") as file:
            while chunk := source.read(CHUNK):
                written += len(chunk)
                if written > limit:
                    raise SourceError(f"unpacks to more than the expected {limit} bytes")
                file.write(chunk)
    except EOFError:
        raise SourceError("its gzip is cut off") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"its gzip is damaged ({error})") from None
