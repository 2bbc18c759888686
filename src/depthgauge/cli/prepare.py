"""Turn fetched raw files into data/prepared/NAME.safetensors, which training reads.

Without arguments: every set that the pipeline uses, and those that data/extra.json lists; then the
lists in data/prepared that tell DVC which sets there are. With dataset=NAME (several: NAME,NAME):
those sets, fetched before by `depthgauge fetch dataset=NAME`; shapeset is generated instead. An
extra set is listed in data/extra.json once it is prepared, so that the next `dvc repro` trains the
studies that can use it; `depthgauge forget` removes it from the list. The raw files are
checked against their receipt while they are read. unreadable=N leaves out up to N images that do
not decode and names them in the prepared file; without it one is an error.
"""

import argparse
from pathlib import Path

from depthgauge.cli.forget import unless_forgotten
from depthgauge.datasets import catalogue
from depthgauge.datasets.lists import extra_sets, list_extra, list_prepared
from depthgauge.datasets.prepare import prepare
from depthgauge.datasets.prepared import described, path_of
from depthgauge.datasets.small_imagenet import in_words
from depthgauge.errors import ConfigError
from depthgauge.project import project_root


def run(arguments: argparse.Namespace) -> None:
    """Prepare what the overrides ask for."""
    root = project_root()
    values: dict[str, str] = arguments.values
    unreadable = values.get("unreadable", "0")
    if not unreadable.isdecimal():
        raise ConfigError(f"invalid unreadable={unreadable}: give a number of images, 0 or more")
    if "dataset" in values:
        asked = values["dataset"].split(",")
        catalogue.require(asked)
        for name in asked:
            _prepare(root, name, int(unreadable))
            if name not in (*catalogue.PIPELINE, *catalogue.GENERATED):
                list_extra(root, catalogue.fetched(root, name))
        return
    for name in catalogue.PIPELINE:
        _prepare(root, name, int(unreadable))
    for name in extra_sets(root):
        with unless_forgotten(root, name):
            _prepare(root, name, _left_out_before(root, name))
    list_prepared(root)


def _prepare(root: Path, name: str, unreadable: int) -> None:
    print(f"{name}: {prepare(root, name, unreadable).relative_to(root)}")
    if words := in_words(described(root, name)["notes"]):
        print(f"{name}: {words}")


def _left_out_before(root: Path, name: str) -> int:
    """Return how many unreadable images were left out when `name` was prepared by hand."""
    if not path_of(root, name).exists():
        return 0
    return len(described(root, name)["notes"].get("unreadable", ()))
