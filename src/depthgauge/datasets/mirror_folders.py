"""Raw files in a user's folder: as published, unpacked, or as torchvision or a clone keeps them."""

import os
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from depthgauge.datasets.sources import Local, RawFile, Source

Key = TypeVar("Key")


class MirrorFolder:
    """A folder that is looked through once, when a file is not where mirrors have it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def sources(self, raw_set: str, file: RawFile) -> Iterator[Source]:
        """Yield where `file` may lie, the likeliest place first; its content decides.

        In a folder named after the data set, or flat, under its published name; then any file,
        however deep, of its name or of exactly its size.
        """
        usual = [
            self.path / folder / name
            for folder in (raw_set, "")
            for name in dict.fromkeys((file.published_name(), file.name))
        ]
        found = [each for each in usual if each.is_file()]
        yield from map(Local, found)
        elsewhere = [*self._by_name[file.name], *self._by_name[file.published_name()]]
        if file.exact:
            elsewhere += self._by_size[file.size]
        others = [each for each in dict.fromkeys(elsewhere) if each not in found]
        yield from map(Local, others)
        if not found and not others:
            yield Local(usual[len(usual) // 2])

    @cached_property
    def _files(self) -> list[Path]:
        # what cannot be entered holds nothing for us, and a link may lead round in a circle
        found = (Path(folder) / name for folder, _, names in os.walk(self.path) for name in names)
        return sorted(path for path in found if path.is_file())

    @cached_property
    def _by_name(self) -> dict[str, list[Path]]:
        return _grouped((path.name, path) for path in self._files)

    @cached_property
    def _by_size(self) -> dict[int, list[Path]]:
        return _grouped((path.stat().st_size, path) for path in self._files)


def _grouped(pairs: Iterator[tuple[Key, Path]]) -> dict[Key, list[Path]]:
    groups: dict[Key, list[Path]] = defaultdict(list)
    for key, path in pairs:
        groups[key].append(path)
    return groups
