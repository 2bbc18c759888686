"""Draw a contact sheet of a prepared data set: a row per class, with its first images.

  depthgauge show dataset=mnist
  depthgauge show dataset=shapeset split=test samples=16 --out shapes.png

The title says split, number of images and the data's hash. It is written to
data/sheets/NAME_SPLIT.png unless --out says otherwise, and may replace an earlier sheet but
no other file. Its path is printed.
"""

import argparse
from pathlib import Path

from depthgauge.datasets.prepared import SPLITS, load, path_of
from depthgauge.errors import ConfigError
from depthgauge.project import project_root

MOST = 100
"""Images in a row."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `depthgauge show`."""
    parser.add_argument("--out", type=Path, metavar="PATH", help="the PNG file to write")


def run(arguments: argparse.Namespace) -> None:
    """Draw what the overrides ask for and print where it is.

    Raises ConfigError for an invalid split or number, DataError for a set not prepared.
    """
    values: dict[str, str] = arguments.values
    split, samples = values.get("split", "train"), values.get("samples", "10")
    if "dataset" not in values:
        raise ConfigError("which data set? add dataset=NAME, as in dataset=mnist")
    if split not in SPLITS:
        raise ConfigError(f"split={split} is unknown; choose one of {', '.join(SPLITS)}")
    if not samples.isdecimal() or not 1 <= int(samples) <= MOST:
        raise ConfigError(f"invalid samples={samples}: give a number from 1 to {MOST}")
    path = _sheet(project_root(), values["dataset"], split, int(samples), arguments.out)
    print(path)


def _sheet(root: Path, name: str, split: str, samples: int, out: Path | None) -> Path:
    from depthgauge.datasets.catalogue import require
    from depthgauge.datasets.contact_sheet import draw, rows_of, save

    if not path_of(root, name).exists():
        require([name])  # a misspelt name, not data to prepare
    data = load(root, name)
    images = getattr(data, split)
    title = f"{name}, {split}: {len(images.labels)} images, data {data.hash[:12]}"
    rows = rows_of(images, len(data.classes), samples)
    path = out or root / "data" / "sheets" / f"{name}_{split}.png"
    save(draw(rows, data.classes, data.shape, title), path)
    return path
