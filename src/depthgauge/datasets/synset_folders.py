"""Which names in an archive are photographs, and which synset their folders say they show."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from depthgauge.datasets.crops import SUFFIXES

SYNSET = re.compile(r"n\d{8}")


def is_litter(name: str) -> bool:
    """Return whether a file is macOS metadata, which has an image's name but is not an image."""
    path = PurePosixPath(name)
    return path.name.startswith("._") or "__MACOSX" in path.parts


def images_in(names: Iterable[str]) -> list[str]:
    """Return the names that are photographs' by their suffix, without macOS metadata."""
    return [
        name
        for name in names
        if PurePosixPath(name).suffix.lower() in SUFFIXES and not is_litter(name)
    ]


def synset_of(name: str) -> str | None:
    """Return the nearest folder around a name that is named like a synset, if any."""
    synsets = [part for part in PurePosixPath(name).parent.parts if SYNSET.fullmatch(part)]
    return synsets[-1] if synsets else None


def by_folder(names: Iterable[str]) -> dict[str, str]:
    """Return the synset of each image, by the folder nearest to it that is named like one.

    An image in no such folder gets the name of its folder, which is then an unknown synset.
    """
    images = images_in(names)
    return {name: synset_of(name) or PurePosixPath(name).parent.name or "." for name in images}
