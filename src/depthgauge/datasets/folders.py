"""The files below a user's folder, links to folders included, in the same order everywhere."""

import os
from collections.abc import Iterator
from pathlib import Path

from depthgauge.errors import DataError


def files_below(folder: Path) -> list[str]:
    """Return the path of each file below `folder`, relative to it, with / between folders, sorted.

    A link whose target is missing counts as a file: whoever reads it finds out. Raises DataError
    for a folder that cannot be read, and for a link to a folder that contains it: it has no end.
    """
    try:
        return sorted(_below(folder, "", {_identity(folder)}))
    except OSError as error:
        raise DataError(f"{error.filename} cannot be read ({error.strerror})") from None


def _below(folder: Path, prefix: str, above: set[tuple[int, int]]) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                yield prefix + entry.name
                continue
            identity = _identity(Path(entry.path))
            if identity in above:
                raise DataError(f"{entry.path} is a link to a folder above it; remove the link")
            yield from _below(Path(entry.path), f"{prefix}{entry.name}/", above | {identity})


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino
