"""Write a small project into a new folder: study pages, example functions, dvc.yaml.

  depthgauge init my_project
  cd my_project && depthgauge train study=first

For users who installed the package without cloning the repository. conf/ has the pages of all
studies; existing files are never overwritten.
"""

import argparse
import shutil
from importlib.resources import files
from pathlib import Path

from depthgauge.errors import ConfigError, ResourceError
from depthgauge.project import shipped

TEMPLATES = {
    "README.md": "README.md",
    "pipeline.yaml": "dvc.yaml",  # DVC would take the template for a pipeline of this project
    "gitignore": ".gitignore",
    "first.yaml": "conf/study/first.yaml",
}
"""File of depthgauge/new_project -> where it goes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the folder."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a new or empty folder")


def run(arguments: argparse.Namespace) -> None:
    """Write the project; raises ConfigError if the folder is not empty."""
    folder: Path = arguments.folder
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file; give the name of a new folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty; give the name of a new folder")
    try:
        _write(folder)
    except OSError as error:
        raise ResourceError(
            f"cannot write {folder}: {error.strerror or error}; make its parent folder writable"
        ) from error
    print(f"{folder}: next is `cd {folder}` and `depthgauge train study=first`")


def _write(folder: Path) -> None:
    shutil.copytree(shipped() / "conf", folder / "conf")
    for name in ("data.dvc", "docs/examples/my_functions.py"):
        shutil.copy(shipped() / name, folder)
    templates = files("depthgauge.new_project")
    for name, place in TEMPLATES.items():
        (folder / place).write_bytes((templates / name).read_bytes())
