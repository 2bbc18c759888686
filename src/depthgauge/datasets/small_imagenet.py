"""Small-ImageNet from any archive of ImageNet photographs: balanced, 37x37 grey, ten superclasses.

Source: Glorot and Bengio, section 2.2: 90,000 training, 10,000 validation, 10,000 test images.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from tqdm import tqdm

from depthgauge.datasets.archives import Archive
from depthgauge.datasets.crops import SIDE, grey_crop
from depthgauge.datasets.prepared import SPLITS, Prepared, Split, assemble
from depthgauge.datasets.superclasses import OUTSIDE, SUPERCLASSES, superclass_of
from depthgauge.errors import DataError

CLASSES = tuple(SUPERCLASSES)
HELD_OUT = 11
"""One image in 11 validates and one tests: 10,000 of the paper's 110,000 each."""
PER_CLASS = 11_000
"""Images of a class at most, the paper's number."""


def prepare_photographs(
    name: str, archive: Archive, synsets: Mapping[str, str], unreadable: int
) -> Prepared:
    """Return the data set of an archive whose images have these synsets.

    `synsets` maps member names to synsets. Raises DataError for an unknown synset, a class with
    too few images, and more than `unreadable` images that do not decode.
    """
    chosen = choose(by_class(synsets, str(archive.path)))
    crops = decode(archive, chosen)
    broken = sorted(set(chosen) - set(crops))
    if len(broken) > unreadable:
        raise DataError(
            f"{len(broken)} of {len(chosen)} images in {archive.path} do not decode"
            f" ({', '.join(broken[:3])}{', ...' if len(broken) > 3 else ''}); repair them, or"
            f" leave them out with `depthgauge prepare dataset={name} unreadable={len(broken)}`"
        )
    prepared = split_classes(name, {image: chosen[image] for image in crops}, crops)
    outside = sum(superclass_of()[synset] == OUTSIDE for synset in synsets.values())
    kept = sum(len(getattr(prepared, split).labels) for split in SPLITS)
    notes = {
        "photographs": len(synsets),
        "kept": kept,
        "images_outside_the_classes": outside,
        "unreadable": broken,
        "left_over": len(synsets) - outside - len(broken) - kept,
    }
    return replace(prepared, notes={**prepared.notes, **notes})


def in_words(notes: Mapping[str, Any]) -> str:
    """Return what the notes of a set of photographs say was kept and what was not, or ""."""
    if "photographs" not in notes:
        return ""
    parts = [f"{notes['kept']:,} of {notes['photographs']:,} photographs kept"]
    counted = {
        "images_outside_the_classes": "show none of the ten classes",
        "left_over": "are more than the smallest class has",
        "macos_files": "files that macOS left skipped",
    }
    parts += [f"{notes[key]:,} {words}" for key, words in counted.items() if notes.get(key)]
    if notes["unreadable"]:
        parts.append(f"{len(notes['unreadable']):,} do not decode")
    if notes["lacking_classes"]:
        parts.append(f"no photograph of {', '.join(notes['lacking_classes'])}")
    return "; ".join(parts)


def by_class(synsets: Mapping[str, str], where: str) -> dict[str, list[str]]:
    """Return the images of each superclass that has any, in the order of the paper's classes."""
    table = superclass_of()
    unknown = sorted(set(synsets.values()) - set(table))
    if unknown:
        raise DataError(
            f"{where} has {len(unknown)} folders or labels that are not known synsets"
            f" ({', '.join(unknown[:3])}); rename or remove them"
        )
    images = defaultdict(list)
    for image, synset in synsets.items():
        images[table[synset]].append(image)
    if not set(images) & set(CLASSES):
        raise DataError(
            f"{where} has no image of any of the ten classes ({', '.join(CLASSES)});"
            " give ImageNet photographs in folders named by synset"
        )
    for superclass in CLASSES:
        if 0 < len(images[superclass]) < HELD_OUT:
            found = sorted({synsets[image] for image in images[superclass]})
            raise DataError(
                f"the class {superclass} has {len(images[superclass])} images in {where}"
                f" ({', '.join(found)}), too few to train, validate and test; have at"
                f" least {HELD_OUT}, or remove these synsets"
            )
    return {superclass: images[superclass] for superclass in CLASSES if images[superclass]}


def choose(images: Mapping[str, list[str]]) -> dict[str, str]:
    """Return equally many images of each class, at random but always the same: {image: class}."""
    count = min(PER_CLASS, *map(len, images.values()))
    return {
        image: superclass
        for superclass, members in images.items()
        for image in sorted(members, key=_shuffled)[:count]
    }


def decode(archive: Archive, images: Iterable[str]) -> dict[str, np.ndarray]:
    """Return the 37x37 grey crop of each image that decodes: {image: (1369,) uint8}."""
    wanted = dict.fromkeys(images)
    workers = min(4, os.cpu_count() or 1)  # Pillow decodes outside the interpreter's lock
    crops = {}
    with (
        ThreadPoolExecutor(workers) as pool,
        tqdm(total=len(wanted), unit="image", desc=archive.path.name, disable=None) as bar,
    ):
        members = archive.read(wanted)
        # a few at a time, so that the archive is never in memory as a whole
        while some := list(islice(members, 16 * workers)):
            contents = (content or b"" for _, content in some)
            for (image, _), crop in zip(some, pool.map(grey_crop, contents), strict=True):
                if crop is not None:
                    crops[image] = crop
            bar.update(len(some))
    return crops


def split_classes(
    name: str, classes: Mapping[str, str], crops: Mapping[str, np.ndarray]
) -> Prepared:
    """Return the data set of these crops: balanced, in the paper's proportion, in mixed order."""
    members = defaultdict(list)
    for image in sorted(classes, key=_shuffled):
        members[classes[image]].append(image)
    count = min(map(len, members.values()))
    held = count // HELD_OUT
    parts: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for images in members.values():
        parts["test"] += images[:held]
        parts["validation"] += images[held : 2 * held]
        parts["train"] += images[2 * held : count]
    splits = {}
    for part, images in parts.items():
        images.sort(key=_shuffled)
        labels = np.array([CLASSES.index(classes[image]) for image in images], np.uint8)
        pixels = [crops[image] for image in images]
        splits[part] = Split(np.array(pixels, np.uint8).reshape(-1, SIDE * SIDE), labels)
    lacking = [each for each in CLASSES if each not in members]
    prepared = assemble(name, (SIDE, SIDE), CLASSES, splits)
    return replace(prepared, notes={"lacking_classes": lacking})


def _shuffled(image: str) -> bytes:
    """Return a sort key that puts images in an arbitrary order, the same on every machine."""
    return hashlib.sha256(image.encode("utf-8", "surrogateescape")).digest()
