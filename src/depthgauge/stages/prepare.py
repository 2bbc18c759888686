"""Turn fetched raw files into data/prepared/NAME.safetensors, which training reads.

Without arguments: every set that the pipeline uses. With dataset=NAME (several: NAME,NAME):
those sets, fetched before by `depthgauge fetch dataset=NAME`; shapeset is generated instead. The
raw files are checked against their receipt while they are read. unreadable=N leaves out up to N
images that do not decode and names them in the prepared file; without it one is an error.
"""

import argparse

from depthgauge.datasets import catalogue
from depthgauge.datasets.prepare import prepare
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
    asked = values.get("dataset", ",".join(catalogue.PIPELINE)).split(",")
    catalogue.require(asked)
    for name in asked:
        print(f"{name}: {prepare(root, name, int(unreadable)).relative_to(root)}")
