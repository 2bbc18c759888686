"""The receipt: which raw files a machine has, by the sha256 of their content.

It holds no times and not which source answered (the content is the same), so that the same data
gives the same receipt on every machine.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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

    def path(self, file: str) -> Path:
        """Return where `file` lies, its content checked against the receipt now.

        Raises DataError when the receipt does not list it, or it is missing or altered.
        """
        where = self.folder / file
        if file not in self.digests:
            raise DataError(f"the receipt of {self.name} lists no {file}; {self.mend()}")
        if not where.is_file():
            raise DataError(f"{where} is missing; {self.mend()}")
        if sha256(where) != self.digests[file]:
            raise DataError(f"{where} is not what its receipt says (other sha256); {self.mend()}")
        return where

    def read(self, file: str) -> bytes:
        """Return the checked content of `file`."""
        return self.path(file).read_bytes()

    def mend(self) -> str:
        """Return what a person can do about missing or altered files."""
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


def _entry(path: Path) -> dict[str, Any]:
    return {"file": path.name, "bytes": path.stat().st_size, "sha256": sha256(path)}
