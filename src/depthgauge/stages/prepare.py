"""Turn fetched raw files into data/prepared/NAME.safetensors, which training reads.

Without arguments: every set that the pipeline uses, and those that data/extra.json lists because
they were fetched here; then the lists in data/prepared, by which DVC learns what there is. With
dataset=NAME (several: NAME,NAME): those sets, fetched before by `depthgauge fetch dataset=NAME`;
shapeset is generated instead. The raw files are checked against their receipt while they are read.
unreadable=N leaves out up to N images that do not decode and names them in the prepared file;
without it one is an error.
"""

import argparse
from pathlib import Path

from depthgauge.datasets import catalogue
from depthgauge.datasets.lists import extra_sets, list_prepared
from depthgauge.datasets.prepare import prepare
from depthgauge.datasets.prepared import described, path_of
from depthgauge.errors import ConfigError
from depthgauge.stages.overrides import parse
from depthgauge.stages.root import project_root

KEYS = ("dataset", "unreadable")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this stage: it has none beside its overrides."""


def run(arguments: argparse.Namespace) -> None:
    """Prepare what the overrides ask for."""
    root = project_root()
    values = parse(arguments.overrides, KEYS)
    unreadable = values.get("unreadable", "0")
    if not unreadable.isdecimal():
        raise ConfigError(
            f"unreadable={unreadable} will not do: give a number of images, 0 or more"
        )
    if "dataset" in values:
        asked = values["dataset"].split(",")
        catalogue.require(asked)
        for name in asked:
            _prepare(root, name, int(unreadable))
        return
    for name in catalogue.PIPELINE:
        _prepare(root, name, int(unreadable))
    for name in extra_sets(root):
        _prepare(root, name, _left_out_before(root, name))
    list_prepared(root)


def _prepare(root: Path, name: str, unreadable: int) -> None:
    print(f"{name}: {prepare(root, name, unreadable).relative_to(root)}")


def _left_out_before(root: Path, name: str) -> int:
    """Return how many unreadable images were left out when `name` was prepared by hand."""
    if not path_of(root, name).exists():
        return 0
    return len(described(root, name)["notes"].get("unreadable", ()))
