"""Remove a data set from data/extra.json: `dvc repro` then neither prepares it nor trains on it.

  depthgauge forget dataset=imagenet

Fetched and prepared files stay, and so do cells that were trained on them.
`depthgauge prepare dataset=NAME` lists the set again.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from depthgauge.datasets.lists import extra_sets, forget_extra
from depthgauge.errors import ConfigError, DepthgaugeError
from depthgauge.project import project_root


def run(arguments: argparse.Namespace) -> None:
    """Forget the data set that the overrides name; raises ConfigError when it is not listed."""
    root, values = project_root(), arguments.values
    if "dataset" not in values:
        raise ConfigError("which data set? add dataset=NAME, as in dataset=cifar10")
    forget_extra(root, values["dataset"])
    print(f"{values['dataset']}: no longer in data/extra.json; `dvc repro` now runs without it")


@contextmanager
def unless_forgotten(root: Path, name: str) -> Iterator[None]:
    """Add to the error of an extra set how to run the pipeline without it."""
    try:
        yield
    except DepthgaugeError as error:
        if name not in extra_sets(root):
            raise
        raise type(error)(
            f"{error}; or run `dvc repro` without it: `depthgauge forget dataset={name}`"
        ) from None
