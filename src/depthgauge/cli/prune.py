"""Show the disk space of .cells by study, and remove blocks that no study uses any more.

  depthgauge prune                   list; removes nothing
  depthgauge prune --yes             remove the blocks listed as unused
  depthgauge prune scale=quick       only what studies need at this scale counts as used

A block is in use when a page of conf/study plans it, at any of the scales (smoke, quick and paper
unless scale= says otherwise) and on any device, with the current code, data and versions.
Blocks of older code, or of a grid given on the command line, are unused. Nothing is removed while a
sweep runs. All studies are planned for this, which takes about 15 seconds after an edit of code,
pages or data; the data of the blocks in .cells must be prepared.
"""

import argparse
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout
from rich.box import SIMPLE
from rich.filesize import decimal
from rich.table import Table
from tqdm import tqdm

from depthgauge.config import Scale
from depthgauge.console.terminal import console
from depthgauge.datasets.prepared import path_of
from depthgauge.errors import ConfigError, DataError, ResourceError
from depthgauge.planning.cache import plan_summary, studies
from depthgauge.planning.study_file import scales_of
from depthgauge.project import project_root
from depthgauge.store.state import CELLS, KEY, held, size
from depthgauge.user_code.lookup import is_path

SCALES = tuple(map(str, Scale))

UNUSED = "no study"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `depthgauge prune`."""
    parser.add_argument("--yes", action="store_true", help="remove the unused blocks")


def run(arguments: argparse.Namespace) -> None:
    """List the blocks by study; with --yes remove those that no study refers to.

    Raises ResourceError, having removed nothing, while a sweep runs; and the error of a study that
    cannot be planned, since its blocks would look unused.
    """
    os.chdir(project_root())
    scales = arguments.values.get("scale", ",".join(SCALES)).split(",")
    for scale in scales:
        if scale not in SCALES:
            raise ConfigError(f"scale={scale} is unknown; choose one of {', '.join(SCALES)}")
    if arguments.yes:
        require_no_sweep()
    used = users(scales)
    sizes = {folder: size(folder) for folder in sorted(CELLS.glob(KEY))}
    unused = [folder for folder in sizes if folder.name not in used]
    _show(sizes, used)
    if not arguments.yes:
        if unused:
            freed = decimal(sum(sizes[folder] for folder in unused))
            print(f"`depthgauge prune --yes` removes {len(unused)} blocks and frees {freed}")
        return
    require_no_sweep()  # one may have started meanwhile
    removed = [folder for folder in unused if remove(folder)]
    print(f"removed {len(removed)} blocks, freed {decimal(sum(sizes[each] for each in removed))}")


def require_no_sweep() -> None:
    """Raise ResourceError while a process computes a block."""
    for folder in CELLS.glob(KEY):
        if held(folder):
            raise ResourceError(
                f"nothing was removed: a sweep is running (it computes {folder}), and it may need"
                " any block; repeat the command when it has ended"
            )


def users(scales: Sequence[str]) -> dict[str, str]:
    """Return key -> study for every block that a page plans at one of `scales`.

    Raises DataError for a study whose data are not prepared, if blocks may be of it.
    """
    asked = [(study, scale) for study in studies() for scale in scales_of(study) if scale in scales]
    bar = tqdm(asked, desc="planning", unit="plan", disable=None, leave=False, delay=1)
    found: dict[str, str] = {}
    for study, scale in bar:
        try:
            summary = plan_summary(study, [f"scale={scale}"])
        except DataError:
            if not all(
                _is_prepared(name) for name in {_data_set(each) for each in CELLS.glob(KEY)}
            ):
                raise
            continue  # no block here is of data that are not prepared
        found |= dict.fromkeys(summary.every_key(), study)
    return found


def _data_set(block: Path) -> str:
    """Return the name of the data set that a block is of; "" where it cannot be read."""
    try:
        return str(json.loads((block / "config.json").read_text())["dataset"]["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _is_prepared(name: str) -> bool:
    return is_path(name) or path_of(Path(), name).exists()


def remove(folder: Path) -> bool:
    """Remove a block's folder unless a process computes it; return whether it is gone."""
    try:
        with FileLock(folder / "lock", timeout=0):
            shutil.rmtree(folder)
    except Timeout:
        return False
    except OSError as error:
        raise ResourceError(
            f"cannot remove {folder}: {error.strerror}; make .cells writable, then repeat"
        ) from error
    return True


def _show(sizes: dict[Path, int], used: dict[str, str]) -> None:
    counts: dict[str, list[int]] = defaultdict(list)
    for folder, bytes_used in sizes.items():
        counts[used.get(folder.name, UNUSED)].append(bytes_used)
    table = Table(box=SIMPLE, pad_edge=False)
    table.add_column("study")
    table.add_column("blocks", justify="right")
    table.add_column("disk", justify="right")
    for study in sorted(counts, key=lambda name: (name == UNUSED, name)):
        style = "yellow" if study == UNUSED else ""
        table.add_row(study, str(len(counts[study])), decimal(sum(counts[study])), style=style)
    table.add_row("total", str(len(sizes)), decimal(sum(sizes.values())))
    console().print(table)
