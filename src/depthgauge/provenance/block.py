"""Commit, machine and software, written to a block's folder before it is computed."""

import json
from pathlib import Path

from depthgauge.files import write_text
from depthgauge.provenance.git import checked_out
from depthgauge.provenance.machine import machine, software
from depthgauge.store.state import State, inspect


def write_origin(folder: Path, device: str) -> None:
    """Write the origin of the block in `folder`, unless it is done or being computed."""
    if inspect(folder).state not in (State.done, State.running):
        origin = {"commit": _commit(), "machine": machine(device), "software": software()}
        write_text(folder / "origin.json", json.dumps(origin) + "\n")


def _commit() -> str:
    found = checked_out(Path.cwd())
    if found.commit:
        return found.commit + " with changes in src or conf" * found.changed
    return f"unknown: {found.reason}"
