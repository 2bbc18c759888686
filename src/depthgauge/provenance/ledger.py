"""Commit, machine and time of each study's training: what no record holds, as it varies.

Training writes an origin to the folder of each block in .cells. The report sums the blocks of a
study in `results/origins.json`, under the digest of the study's records. An entry stays for as long
as the records are the same bytes, so that a clone, or a repeated training that gives the same
records, names their first training, and the report stays the same, too.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from depthgauge.errors import DataError
from depthgauge.files import sha256, write_text
from depthgauge.store.state import CELLS

NAMED = ("commit", "machine", "software")
"""What the origin.json of a block holds."""


@dataclass(frozen=True)
class Origin:
    """The origin of a study's records; not in the records, so that these are reproducible."""

    records: str
    """Digest of the records it speaks of."""
    blocks: int
    seconds: float
    """Sum over the blocks, each computed by one thread."""
    commit: str
    machine: str
    software: str


def origins(
    build: Path, records: Mapping[str, Sequence[xr.Dataset]], store: Path | None = None
) -> dict[str, Origin]:
    """Return the origin of each study whose blocks are all in `store`, the .cells next to `build`.

    `build` holds the records, a folder for each study.
    """
    store = store or build.parent / CELLS
    found = {}
    for study, cells in records.items():
        keys = [key for cell in cells for key in cell.attrs.get("keys", [])]
        blocks = [_block(store / key) for key in keys]
        if all(blocks) and blocks:
            found[study] = Origin(
                records=_digest(build / study),
                blocks=len(blocks),
                seconds=round(sum(block["seconds"] for block in blocks), 1),
                **{name: _distinct(block[name] for block in blocks) for name in NAMED},
            )
    return found


def settled(found: Mapping[str, Origin], build: Path, ledger: Path) -> dict[str, Origin]:
    """Return `found`, or what `ledger` says of the records in `build`; update `ledger`.

    Raises DataError when the ledger cannot be read.
    """
    known = {
        study: origin
        for study, origin in _read(ledger).items()
        if origin.records == _digest(build / study)
    }
    origins = dict(sorted({**found, **known}.items()))
    entries = {study: asdict(origin) for study, origin in origins.items()}
    write_text(ledger, json.dumps(entries, indent=1, ensure_ascii=False) + "\n")
    return origins


def _block(folder: Path) -> dict[str, Any]:
    """Return the origin of a block and its seconds; nothing where either is not here."""
    try:
        origin = json.loads((folder / "origin.json").read_text(encoding="utf-8"))
        timing = json.loads((folder / "timing.json").read_text(encoding="utf-8"))
        known = {name: str(origin[name]) for name in NAMED}
        return {**known, "seconds": float(timing["seconds"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _distinct(texts: Iterable[str]) -> str:
    return "; ".join(sorted(set(texts)))


def _digest(folder: Path) -> str:
    """Return one digest of a study's records, in the order of the grid."""
    files = sorted(folder.glob("*.safetensors"))
    return hashlib.sha256("".join(map(sha256, files)).encode()).hexdigest()[:32]


def _read(ledger: Path) -> dict[str, Origin]:
    try:
        found = json.loads(ledger.read_text(encoding="utf-8"))
        return {study: _origin(entry) for study, entry in found.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{ledger} is not a list of origins ({error}); restore it with git, or remove it, and"
            " run `depthgauge report` again"
        ) from error


def _origin(entry: Any) -> Origin:
    """Return one entry; raises TypeError where it lacks something or holds another type."""
    origin = Origin(**entry)
    for name, kind in Origin.__annotations__.items():
        if not isinstance(getattr(origin, name), kind):
            raise TypeError(f"{name} is not a {kind.__name__}")
    return origin
