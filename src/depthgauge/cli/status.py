"""Show which cells are done, running, failed or to do, and the time left.

  depthgauge status                               the project's studies, at the pipeline's scale
  depthgauge status study=nielsen_accuracy        a line per cell; several: study=NAME,NAME
  depthgauge status scale=paper                   at another scale; other words as for train
  depthgauge status --config-dir my_conf          also the studies of your own folder
  depthgauge status --all                         also studies of the package not trained here
  depthgauge status --json                        for machines: cells and blocks, seconds

In a project with studies of its own, those that come with the package are shown if they have been
trained into build/NAME.
A cell whose record is in build/ is done, wherever it was computed. The times are measured on the
blocks that this machine has finished; if the data are missing, they are the page's estimate. After
an edit of code, pages or data the first call plans all studies again (ten seconds); later ones
take less than a second. The exit code is 0 whatever the state, and 2 if every study rejects a key.
"""

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from depthgauge.console.status_table import StudyStatus, show, study_status
from depthgauge.errors import ConfigError, DataError, DepthgaugeError
from depthgauge.planning.cache import plan_summary, studies
from depthgauge.planning.estimate import Speed, measured_speed
from depthgauge.planning.study_file import minutes_of, pipeline_scale, unknown
from depthgauge.project import project_root, shipped
from depthgauge.store.state import CELLS, KEY, assembled_keys, of_earlier_version
from depthgauge.user_code.search_path import search_in


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `depthgauge status`."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--all", action="store_true", help="show the package's own studies, too")
    parser.add_argument("-cd", "--config-dir", type=Path, help="a folder with your own pages")


def run(arguments: argparse.Namespace) -> None:
    """Inspect the studies that the overrides name, by default all, and print their states."""
    root = project_root()
    search_in([Path.cwd(), root])
    folder = arguments.config_dir and arguments.config_dir.absolute()
    if folder and not folder.is_dir():
        raise ConfigError(f"--config-dir {arguments.config_dir} is not a folder; correct it")
    own = [f"hydra.searchpath=['file://{folder}']"] if folder else []
    os.chdir(root)
    names, scale, words, hidden = _asked([*own, *arguments.overrides], arguments.all)
    bar = tqdm(names, desc="planning", unit="study", disable=None, leave=False, delay=1)
    speed, built = measured_speed(CELLS), assembled_keys(Path("build"))
    found, refused = [], []
    for name in bar:
        try:
            found.append(_study(name, scale, words, speed, built))
        except ConfigError as error:
            refused.append(error)
            found.append(StudyStatus(name, scale, None, str(error)))
    given = any(not word.startswith("study=") for word in arguments.overrides)
    if given and len(refused) == len(found) and len(set(map(str, refused))) == 1:
        raise refused[0]  # the words are wrong, not a page
    if arguments.json:
        print(json.dumps({"studies": [asdict(each) for each in found]}, indent=1))
        return
    show(found, every_cell=len(names) == 1)
    if hidden:
        print(f"{hidden} studies of the package are not trained here: `status --all` lists them")
    old = sum(map(of_earlier_version, CELLS.glob(KEY)))
    if old:
        print(f"{old} blocks in .cells are of an earlier version: `depthgauge prune` lists them")


def _asked(overrides: Sequence[str], everything: bool) -> tuple[list[str], str, list[str], int]:
    """Return the studies, the scale, all words but study=, and how many studies are left out."""
    values = {key: value for key, _, value in (word.partition("=") for word in overrides)}
    known = studies(overrides)
    names = values["study"].split(",") if "study" in values else known
    for name in names:
        if name not in known:
            raise unknown("study", name, known)
    shown = names if everything or "study" in values else _of_this_project(names)
    scale = values.get("scale", pipeline_scale())
    words = [word for word in overrides if not word.startswith(("study=", "scale="))]
    return shown, scale, [*words, f"scale={scale}"], len(names) - len(shown)


def _of_this_project(names: Sequence[str]) -> list[str]:
    """Return the project's own studies, then those of the package that are in build/.

    Without any of its own, as in a clone, all.
    """
    own = [name for name in names if not _comes_with_the_package(name)]
    built = [name for name in names if name not in own and (Path("build") / name).is_dir()]
    return [*own, *built] if own else list(names)


def _comes_with_the_package(study: str) -> bool:
    page = Path("conf/study") / f"{study}.yaml"
    theirs = shipped() / page
    return page.is_file() and theirs.is_file() and page.read_bytes() == theirs.read_bytes()


def _study(
    name: str, scale: str, words: Sequence[str], speed: Speed, built: frozenset[str]
) -> StudyStatus:
    try:
        summary = plan_summary(name, words)
    except DataError as error:  # a fresh clone: the page has an estimate
        minutes = minutes_of(name, scale)
        return StudyStatus(name, scale, None if minutes is None else 60 * minutes, str(error))
    except ConfigError:
        raise
    except DepthgaugeError as error:
        return StudyStatus(name, scale, None, str(error))
    return study_status(summary, speed, built)
