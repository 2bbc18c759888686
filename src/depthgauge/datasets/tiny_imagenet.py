"""The labels of Tiny-ImageNet: of its training images by folder, of val/ by folder or by a table.

As published, val/ holds one folder of images and val_annotations.txt with their synsets. A common
script sorts val/ into a folder a synset, as train/ is; others leave its images in val/ itself.
"""

from pathlib import PurePosixPath

from depthgauge.datasets.archives import Archive
from depthgauge.datasets.synset_folders import by_folder, images_in, synset_of
from depthgauge.errors import DataError

TABLE = "val_annotations.txt"


def labels(archive: Archive, names: list[str]) -> dict[str, str]:
    """Return the synset of each image of train/ and val/; test/ has no labels.

    An image that the table names and that is nowhere in val/ is returned too, so that it is
    missed. Raises DataError for a table that is damaged, and for an image of val/ without a label.
    """
    images = images_in(names)
    inside = {name for name in images if "val" in PurePosixPath(name).parent.parts}
    test = {name for name in images if "test" in PurePosixPath(name).parent.parts}
    table, folder = _table(archive, names)
    found = {name: synset_of(name) or table.get(PurePosixPath(name).name, "") for name in inside}
    if unlabelled := sorted(name for name, synset in found.items() if not synset):
        raise DataError(
            f"{len(unlabelled)} images of val/ in {archive.path} have no label"
            f" ({unlabelled[0]}): neither {TABLE} nor a folder named by a synset gives one;"
            " download the set again"
        )
    there = {PurePosixPath(name).name for name in inside}
    missing = {f"{folder}/images/{file}": table[file] for file in table if file not in there}
    return by_folder(name for name in images if name not in inside | test) | found | missing


def _table(archive: Archive, names: list[str]) -> tuple[dict[str, str], PurePosixPath]:
    """Return the synset of each file in val_annotations.txt (file, synset, box), and its folder."""
    tables = [name for name in names if PurePosixPath(name).name == TABLE]
    table: dict[str, str] = {}
    for name, content in archive.read(tables):
        try:
            rows = [line.split("\t") for line in (content or b"").decode().splitlines()]
            table |= {row[0]: row[1] for row in rows}
        except (UnicodeDecodeError, IndexError):
            raise DataError(
                f"{name} in {archive.path} is not a table of labels; download it again"
            ) from None
    return table, PurePosixPath(tables[0]).parent if tables else PurePosixPath("val")
