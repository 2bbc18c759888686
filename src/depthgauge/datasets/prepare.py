"""From raw files, or a generator, to the prepared file that training reads."""

from dataclasses import replace
from pathlib import Path

from depthgauge.datasets.catalogue import GENERATED, fetched, find
from depthgauge.datasets.prepared import Prepared, path_of, write


def prepare(root: Path, name: str, unreadable: int = 0) -> Path:
    """Write the prepared file of the data set `name` and return its path.

    Raises DataError when its raw files are missing, altered since the receipt, or not right, or
    when more than `unreadable` images do not decode.
    """
    made = _generated(name) if name in GENERATED else _from_raw(root, name, unreadable)
    write(made, path_of(root, name))
    return path_of(root, name)


def _from_raw(root: Path, name: str, unreadable: int) -> Prepared:
    raw = replace(fetched(root, name), unreadable=unreadable)
    prepared = find(name).prepare(raw)
    notes = {"origin": raw.origin, "licence": raw.licence, **prepared.notes}
    return replace(prepared, notes=notes)


def _generated(name: str) -> Prepared:
    from depthgauge.datasets import shapeset_splits  # torch: the other sets do without it

    assert name == "shapeset"
    notes = {"origin": "generated: docs/shapeset.md", "licence": "Apache-2.0, as this project"}
    return replace(shapeset_splits.prepare(), notes=notes)
