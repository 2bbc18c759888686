"""From raw files to the prepared file that training reads."""

from dataclasses import replace
from pathlib import Path

from depthgauge.datasets.catalogue import fetched, find
from depthgauge.datasets.prepared import path_of, write


def prepare(root: Path, name: str, unreadable: int = 0) -> Path:
    """Write the prepared file of the data set `name` and return its path.

    Raises DataError when its raw files are missing, altered since the receipt, or not right, or
    when more than `unreadable` images do not decode.
    """
    raw = replace(fetched(root, name), unreadable=unreadable)
    prepared = find(name).prepare(raw)
    notes = {"origin": raw.origin, "licence": raw.licence, **prepared.notes}
    write(replace(prepared, notes=notes), path_of(root, name))
    return path_of(root, name)
