"""Where the larger ImageNet subsets come from, and how their members are labelled.

Of each, all labelled photographs form one pool, which is balanced and split anew in the paper's
proportion: the paper's Small-ImageNet is a selection of its own, too.
"""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from depthgauge.datasets.archives import Archive, open_archive
from depthgauge.datasets.crops import SUFFIXES
from depthgauge.datasets.prepared import Prepared
from depthgauge.datasets.receipt import RawFolder
from depthgauge.datasets.small_imagenet import prepare_photographs
from depthgauge.datasets.sources import Download, RawFile, RawSet
from depthgauge.errors import DataError

LICENCE = "non-commercial research and education, as ImageNet"
OWN = "photographs"
"""Name of the link, in the raw folder, to the user's own archive or folder."""
SYNSET = re.compile(r"n\d{8}")

TINY = RawSet(
    "tiny_imagenet",
    origin="http://cs231n.stanford.edu/tiny-imagenet-200.zip",
    licence=LICENCE,
    files=(
        RawFile(
            "tiny-imagenet-200.zip",
            "md5:90528d7ca1a48142e341f4ef8d21d0de",
            248_100_043,
            (Download("http://cs231n.stanford.edu/tiny-imagenet-200.zip"),),
        ),
    ),
)
IMAGENETTE = RawSet(
    "imagenette",
    origin="https://github.com/fastai/imagenette",
    licence=LICENCE,
    files=(
        RawFile(
            "imagenette2-160.tgz",
            "md5:e793b78cc4c9e9a4ccc0c1155377a412",
            120_000_000,  # about 99 MB; only the digest is published
            (Download("https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz"),),
            exact=False,
        ),
    ),
)
IMAGENET = RawSet(
    "imagenet",
    origin="the user's own ILSVRC2012",
    licence=LICENCE,
    files=(RawFile(OWN, "", 0, ()),),
)


def prepare_tiny(raw: RawFolder) -> Prepared:
    """Return Tiny-ImageNet: train/SYNSET/images/*, and val/images/* labelled by a table."""
    archive = open_archive(raw.path("tiny-imagenet-200.zip"))
    names = archive.names()
    labelled = by_folder(name for name in names if "/train/" in name)
    labelled |= _annotated(archive, names)
    return prepare_photographs("tiny_imagenet", archive, labelled, raw.unreadable)


def prepare_imagenette(raw: RawFolder) -> Prepared:
    """Return Imagenette: train/SYNSET/* and val/SYNSET/*."""
    archive = open_archive(raw.path("imagenette2-160.tgz"))
    return prepare_photographs("imagenette", archive, by_folder(archive.names()), raw.unreadable)


def prepare_own(raw: RawFolder) -> Prepared:
    """Return the user's own ImageNet: a tar of tars, or folders named by synset."""
    archive = open_archive(raw.path(OWN))
    return prepare_photographs("imagenet", archive, by_folder(archive.names()), raw.unreadable)


def by_folder(names: Iterable[str]) -> dict[str, str]:
    """Return the synset of each image: the folder nearest to it that is named like one.

    An image in no such folder gets the name of its folder, which is then an unknown synset.
    """
    labels = {}
    for name in names:
        path = PurePosixPath(name)
        if path.suffix.lower() in SUFFIXES:
            synsets = [part for part in path.parent.parts if SYNSET.fullmatch(part)]
            labels[name] = synsets[-1] if synsets else path.parent.name or "."
    return labels


def _annotated(archive: Archive, names: list[str]) -> dict[str, str]:
    """Return the synset of each validation image, from val_annotations.txt: file, synset, box."""
    labels = {}
    tables = [name for name in names if name.endswith("/val/val_annotations.txt")]
    for name, content in archive.read(tables):
        folder = PurePosixPath(name).parent / "images"
        try:
            rows = [line.split("\t") for line in (content or b"").decode().splitlines()]
            labels |= {str(folder / row[0]): row[1] for row in rows}
        except (UnicodeDecodeError, IndexError):
            raise DataError(
                f"{name} in {archive.path} is no table of labels; get it anew"
            ) from None
    return labels
