"""Turn fetched raw files into data/prepared/NAME.safetensors, which training reads.

Without arguments: every set that the pipeline pins. With dataset=NAME (several: NAME,NAME):
those sets, fetched before by `depthgauge fetch dataset=NAME`. The raw files are checked against
their receipt while they are read.
"""

import argparse

from depthgauge.datasets.catalogue import PINNED, find
from depthgauge.datasets.prepare import prepare
from depthgauge.stages.overrides import parse
from depthgauge.stages.root import project_root


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this stage: it has none beside its overrides."""


def run(arguments: argparse.Namespace) -> None:
    """Prepare what the overrides ask for."""
    root = project_root()
    asked = parse(arguments.overrides, ("dataset",)).get("dataset", ",".join(PINNED)).split(",")
    for name in asked:
        find(name)
    for name in asked:
        print(f"{name}: {prepare(root, name).relative_to(root)}")
