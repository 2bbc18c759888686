"""Where the larger ImageNet subsets come from, and how their members are labelled.

Of each, all labelled photographs form one pool, which is balanced and split anew in the paper's
proportion: the paper's Small-ImageNet is a selection of its own, too.
"""

from collections.abc import Callable
from dataclasses import replace

from depthgauge.datasets.archives import Archive, open_archive
from depthgauge.datasets.prepared import Prepared
from depthgauge.datasets.receipt import RawFolder
from depthgauge.datasets.small_imagenet import prepare_photographs
from depthgauge.datasets.sources import Download, RawFile, RawSet
from depthgauge.datasets.synset_folders import by_folder, is_litter

Labels = Callable[[Archive, list[str]], dict[str, str]]
"""From an archive and the names in it to the synset of each labelled image."""

LICENCE = "non-commercial research and education, as ImageNet"
OWN = "photographs"
"""Name of the link, in the raw folder, to the user's own archive or folder."""

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


def folder_labels(_: Archive, names: list[str]) -> dict[str, str]:
    """Return the synset of each image, by its folder: Imagenette, or the user's own ImageNet."""
    return by_folder(names)


def prepare(raw: RawFolder, labels: Labels) -> Prepared:
    """Return the data set of the one archive of `raw`: its images that have `labels`."""
    (file,) = raw.digests
    archive = open_archive(raw.path(file))
    names = archive.names()
    prepared = prepare_photographs(raw.name, archive, labels(archive, names), raw.unreadable)
    return replace(prepared, notes={**prepared.notes, "macos_files": sum(map(is_litter, names))})
