"""The receipt: which raw files a machine has, by the sha256 of their content.

It holds no times and not which source answered (the content is the same), so that the same data
gives the same receipt on every machine.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from depthgauge.datasets.folders import files_below
from depthgauge.datasets.sources import RawSet
from depthgauge.errors import DataError
from depthgauge.files import sha256, write_text

FORMAT = 1
"""Version of the receipt; a reader refuses any other."""


@dataclass(frozen=True)
class RawFolder:
    """The raw files of one data set, as a receipt lists them."""

    name: str
    folder: Path
    origin: str
    licence: str
    digests: dict[str, str]
    """File: sha256 of its content, lower-case hex."""
    unreadable: int = 0
    """How many of its images the user allows to be left out because they do not decode."""

    def path(self, file: str) -> Path:
        """Return where `file` lies, its content checked against the receipt now.

        Raises DataError when the receipt does not list it, or it is missing or altered.
        """
        where = self.folder / file
        if file not in self.digests:
            raise DataError(f"the receipt of {self.name} does not list {file}; {self.advice()}")
        if not where.exists():
            raise DataError(f"{where} is missing; {self.advice()}")
        if fingerprint(where)[1] != self.digests[file]:
            raise DataError(f"{where} is not what its receipt says (other sha256); {self.advice()}")
        return where

    def read(self, file: str) -> bytes:
        """Return the checked content of `file`."""
        return self.path(file).read_bytes()

    def advice(self) -> str:
        """Return what to do about missing or altered files."""
        return f"run `depthgauge fetch dataset={self.name}` again"


def write(path: Path, folders: dict[RawSet, Path]) -> None:
    """Write the receipt of data sets that lie in these folders, complete and verified."""
    sets = {
        raw_set.name: {
            "origin": raw_set.origin,
            "licence": raw_set.licence,
            "files": [_entry(folder / file.name) for file in raw_set.files],
        }
        for raw_set, folder in folders.items()
    }
    write_text(path, json.dumps({"format": FORMAT, "sets": sets}, indent=2, sort_keys=True) + "\n")


def read(path: Path, name: str, folder: Path) -> RawFolder:
    """Return the raw files of the data set `name` in `folder`, as the receipt at `path` has them.

    Raises DataError when the receipt is missing, damaged, of another version or lacks the set.
    """
    fetch = f"run `depthgauge fetch dataset={name}`"
    try:
        receipt = json.loads(path.read_text(encoding="utf-8"))
        if receipt["format"] != FORMAT:
            raise DataError(
                f"{path} is a receipt of format {receipt['format']}, not {FORMAT}; {fetch} again"
            )
        if name not in receipt["sets"]:
            raise DataError(f"the data set {name} is not in {path}; {fetch}")
        held = receipt["sets"][name]
        digests = {file["file"]: file["sha256"] for file in held["files"]}
        return RawFolder(name, folder, held["origin"], held["licence"], digests)
    except FileNotFoundError:
        raise DataError(f"the data set {name} is not fetched (no {path}); {fetch}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is damaged ({error!r}); {fetch} again") from error


def fingerprint(path: Path) -> tuple[int, str]:
    """Return bytes and sha256 of a file's content.

    A folder, which only a user's own photographs are, has the sha256 of the list of its files
    and their sizes: reading a million photographs would take longer than preparing them.
    """
    if path.is_file():
        return path.stat().st_size, sha256(path)
    names = files_below(path)
    # a link to nothing has no size
    sizes = [file.stat().st_size if (file := path / name).exists() else 0 for name in names]
    lines = [f"{name} {size}" for name, size in zip(names, sizes, strict=True)]
    content = "\n".join(lines).encode("utf-8", "surrogateescape")
    return sum(sizes), hashlib.sha256(content).hexdigest()


def _entry(path: Path) -> dict[str, Any]:
    size, digest = fingerprint(path)
    return {"file": path.name, "bytes": size, "sha256": digest}
